import { z } from 'zod';

/** Headers that the connection, the signature or the receiver's routing depends on: not the caller's to set. */
const RESERVED =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|user-agent|content-.*|proxy-.*|webhook-.*)$/i;

const HeaderName = z
  .string()
  .max(100)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name')
  .refine((name) => !RESERVED.test(name), 'is set by Tandem; leave it out');

/** Where a job's end is told, and the headers that the receiver wants to see. */
export const Callback = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL', abort: true })
      .max(2_048)
      .refine((url) => {
        const { username, password } = new URL(url);
        return username === '' && password === '';
      }, 'must hold no user name and no password; give them as a header')
      .meta({ example: 'https://app.example/hooks/tandem' }),
    headers: z
      .record(HeaderName, z.string().regex(/^[\x20-\x7e]{0,2048}$/, 'must be at most 2048 visible ASCII characters'))
      .refine((headers) => Object.keys(headers).length <= 20, 'must be at most 20')
      .optional()
      .meta({ description: 'Sent with every delivery, and never shown again', example: { 'X-Env': 'staging' } }),
  })
  .meta({ id: 'Callback' });
export type Callback = z.output<typeof Callback>;

/** How far the delivery of a callback is, as `GET /v1/jobs/{id}` shows it. */
export const CallbackView = z
  .object({
    url: z.string(),
    status: z.enum(['pending', 'delivered', 'failed']).meta({ description: 'failed: it is not tried again by itself' }),
    attempts: z.int().nonnegative(),
    nextAttemptAt: z.iso.datetime().optional(),
    deliveredAt: z.iso.datetime().optional(),
    error: z.string().optional().meta({ description: 'Why the last attempt failed' }),
  })
  .meta({ id: 'CallbackState' });
export type CallbackView = z.infer<typeof CallbackView>;
