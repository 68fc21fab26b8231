import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { UploadView } from '../media-upload/media-upload.controller.js';
import { PROBLEMS, problem, UNREADABLE } from './responses.js';

const Form = z.object({
  file: z.string().meta({ format: 'binary', description: 'The image; any field with a filename' }),
  renditions: z.string().optional().meta({ description: 'JSON, as in media.transform' }),
  presets: z
    .string()
    .optional()
    .meta({ description: 'Instead of renditions: names with commas', example: 'thumb,card@3' }),
  placeholders: z.enum(['true', 'false']).optional(),
  store: z.string().optional().meta({ description: 'JSON, as in media.transform' }),
  callback: z.url().optional().meta({ description: "Told of the job's end, by a signed POST" }),
  name: z.string().max(255).optional().meta({ description: "File name for downloads, instead of the form's" }),
});

const operation = (operationId: string, deprecated: boolean): ZodOpenApiOperationObject => ({
  operationId,
  summary: 'Upload an image and have it transformed, in one request',
  description: 'Needs the scopes `objects:write` and `media:write`.',
  tags: ['media'],
  deprecated: deprecated || undefined,
  requestParams: { header: z.object({ 'Idempotency-Key': z.string().min(1).max(255).optional() }) },
  requestBody: { required: true, content: { 'multipart/form-data': { schema: Form } } },
  responses: {
    '202': {
      description: 'Stored and accepted. Location names the job',
      content: { 'application/json': { schema: UploadView } },
    },
    ...UNREADABLE,
    ...PROBLEMS,
    '413': { ...problem, description: 'Larger than the limit' },
    '415': { ...problem, description: 'Not a form, or not an image' },
    '422': { ...problem, description: 'A field is not valid; errors names it' },
  },
});

/** Upload and transformation in one. */
export const mediaUploadPaths: ZodOpenApiPathsObject = {
  '/v1/media/upload': { post: operation('media.upload', false) },
  '/media/upload': { post: operation('media.upload-unversioned', true) },
};
