import { z } from 'zod';
import { Locale } from './locale.js';

/** Millimetres of one unit; `px` is the CSS pixel, `pt` the PDF point. */
const MM: Record<string, number> = { mm: 1, cm: 10, in: 25.4, pt: 25.4 / 72, pc: 25.4 / 6, px: 25.4 / 96 };

/** Paper by name: width and height in millimetres, upright. */
export const PAPER_SIZES = {
  a0: [841, 1189],
  a1: [594, 841],
  a2: [420, 594],
  a3: [297, 420],
  a4: [210, 297],
  a5: [148, 210],
  a6: [105, 148],
  b4: [250, 353],
  b5: [176, 250],
  letter: [215.9, 279.4],
  legal: [215.9, 355.6],
  tabloid: [279.4, 431.8],
  ledger: [431.8, 279.4],
} as const satisfies Record<string, readonly [number, number]>;
export type PaperName = keyof typeof PAPER_SIZES;

/** A length with its unit: `20mm`, `1.5in`, `80px`. */
export const Length = z
  .string()
  .regex(/^\d{1,5}(?:\.\d{1,4})?(?:mm|cm|in|pt|pc|px)$/, 'must be a number with its unit: mm, cm, in, pt, pc or px')
  .meta({ example: '20mm' });

/** What a {@link Length} is in inches, the unit of Chromium. */
export function inches(length: string): number {
  const unit = length.slice(-2);
  return (Number(length.slice(0, -2)) * MM[unit]!) / 25.4;
}

/** Between 10 mm and 5 m, so that one page is neither nothing nor all memory. */
const PaperLength = Length.refine((length) => inches(length) >= 0.39 && inches(length) <= 200, {
  message: 'must be between 10mm and 5000mm',
});

export const Paper = z.union([
  z.enum(Object.keys(PAPER_SIZES) as [PaperName, ...PaperName[]]),
  z.strictObject({ width: PaperLength, height: PaperLength }),
]);
export type Paper = z.infer<typeof Paper>;

export const Margins = z.strictObject({
  top: Length.optional(),
  right: Length.optional(),
  bottom: Length.optional(),
  left: Length.optional(),
});
export type Margins = z.infer<typeof Margins>;

/** `1-5, 8, 11-`: pages count from 1. */
export const PageRanges = z
  .string()
  .max(200)
  .regex(
    /^\s*(?:\d{1,5}(?:\s*-\s*(?:\d{1,5})?)?|-\s*\d{1,5})(?:\s*,\s*(?:\d{1,5}(?:\s*-\s*(?:\d{1,5})?)?|-\s*\d{1,5}))*\s*$/,
    'must be pages and ranges of pages, such as 1-5, 8, 11-',
  )
  .meta({ example: '1-5, 8, 11-' });

const Band = z.string().min(1).max(100_000);

/** How a page becomes a PDF. What is left out comes from the template, then from the default. */
export const PdfOptions = z.strictObject({
  paper: Paper.optional().meta({ description: 'a4 by default' }),
  landscape: z.boolean().optional(),
  margins: z
    .union([Length, Margins])
    .optional()
    .meta({ description: 'One length for all sides, or one for each; 10mm by default' }),
  scale: z.number().min(0.1).max(2).optional().meta({ description: 'Of the content; 1 by default' }),
  pageRanges: PageRanges.optional().meta({ description: 'Pages that are kept; all by default' }),
  background: z.boolean().optional().meta({ description: 'Whether backgrounds are printed; true by default' }),
  header: Band.optional().meta({
    description:
      'HTML above every page, inside the top margin. <span class="pageNumber">, totalPages, title and date are filled in; assets and styles work as in the document',
  }),
  footer: Band.optional().meta({ description: 'HTML below every page, as `header`' }),
  preferCssPageSize: z.boolean().optional().meta({ description: 'Whether @page size goes before `paper`' }),
  outline: z.boolean().optional().meta({ description: 'Bookmarks from the headings' }),
  tagged: z.boolean().optional().meta({ description: 'Structure for screen readers; true by default' }),
  accessible: z.boolean().optional().meta({
    description:
      'PDF/UA-1, which screen readers can follow: needs a title, a language, texts of pictures and headings in order, or fails with what is missing',
  }),
  singlePage: z.boolean().optional().meta({ description: 'One page as long as the content' }),
});
export type PdfOptions = z.infer<typeof PdfOptions>;

const Pixels = z.int().min(1).max(16_384);

/** How a page becomes an image. */
export const ScreenshotOptions = z
  .strictObject({
    width: Pixels.optional().meta({ description: 'Of the viewport, in CSS pixels; 1280 by default' }),
    height: Pixels.optional().meta({ description: '720 by default' }),
    scale: z
      .number()
      .min(0.1)
      .max(4)
      .optional()
      .meta({ description: 'Device pixels for each CSS pixel; 1 by default' }),
    fullPage: z.boolean().optional().meta({ description: 'All of the page instead of the viewport' }),
    selector: z.string().min(1).max(500).optional().meta({ description: 'Only the first element that it matches' }),
    clip: z
      .strictObject({ x: z.number().min(0), y: z.number().min(0), width: Pixels, height: Pixels })
      .optional()
      .meta({ description: 'Only this part, in CSS pixels' }),
    quality: z.int().min(1).max(100).optional().meta({ description: 'Of JPEG and WebP; 85 by default' }),
    transparent: z
      .boolean()
      .optional()
      .meta({ description: 'No white behind a page without background; png and webp' }),
  })
  .refine(({ fullPage, selector, clip }) => [fullPage, selector, clip].filter(Boolean).length <= 1, {
    message: 'choose one of fullPage, selector and clip',
  });
export type ScreenshotOptions = z.infer<typeof ScreenshotOptions>;

/** What must be there before a page is printed; all of it, and fonts always. */
export const WaitFor = z.strictObject({
  selector: z.string().min(1).max(500).optional().meta({ description: 'An element that it matches is visible' }),
  expression: z
    .string()
    .min(1)
    .max(2_000)
    .optional()
    .meta({ description: 'JavaScript that becomes true; needs `javascript`', example: 'window.ready === true' }),
  networkIdle: z.boolean().optional().meta({ description: 'Nothing was requested for 500 ms' }),
  delayMs: z.int().min(0).max(30_000).optional(),
});
export type WaitFor = z.infer<typeof WaitFor>;

/** A cookie of a page (RFC 6265, 4.1.1). */
const Cookie = z.strictObject({
  name: z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'must be letters, digits and signs without spaces, "=" or ";"'),
  value: z
    .string()
    .max(4_000)
    .regex(
      /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/,
      'must have no spaces, quotes, commas, semicolons or backslashes',
    ),
});

/** How a page is loaded. */
export const LoadOptions = z
  .strictObject({
    javascript: z
      .boolean()
      .optional()
      .meta({ description: 'Whether scripts of the page run. By default only with `url`; never in a template' }),
    network: z.boolean().optional().meta({
      description:
        'Whether resources may come from other hosts, through egress. By default only with `url`; without it they count as failed',
    }),
    media: z.enum(['print', 'screen']).optional().meta({ description: 'print for PDF, screen for images' }),
    colorScheme: z.enum(['light', 'dark']).optional(),
    reducedMotion: z.enum(['reduce', 'no-preference']).optional().meta({
      description: 'What pages that move as they are read ask for; reduce shows most of them at rest',
    }),
    contrast: z.enum(['more', 'less', 'no-preference']).optional(),
    forcedColors: z.enum(['active', 'none']).optional(),
    locale: Locale.optional().meta({ description: 'Of the browser, and of a template', example: 'fr-FR' }),
    timeZone: z.string().max(64).optional().meta({ example: 'Africa/Dakar' }),
    userAgent: z
      .string()
      .max(500)
      .regex(/^[\x20-\x7e]*$/)
      .optional(),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]{1,100}$/),
        z
          .string()
          .max(2_000)
          .regex(/^[\x20-\x7e]*$/),
      )
      .optional()
      .meta({ description: 'Sent with the request for `url` and to its origin only' }),
    cookies: z
      .array(Cookie)
      .max(50)
      .refine((cookies) => new Set(cookies.map(({ name }) => name)).size === cookies.length, {
        message: 'every cookie needs a name of its own',
      })
      .optional()
      .meta({
        description:
          'Sent with every request to the origin of `url` and to no other; scripts of the page do not see them',
      }),
    waitFor: WaitFor.optional(),
    timeoutSeconds: z.int().min(1).max(110).default(30).meta({ description: 'For all of it' }),
    resourceTimeoutSeconds: z
      .int()
      .min(1)
      .max(60)
      .default(10)
      .meta({ description: 'For each resource; a slower one counts as failed, and the rest goes on' }),
    onResourceFailure: z
      .enum(['report', 'fail'])
      .default('report')
      .meta({ description: 'report: go on, and name it in the result' }),
    onConsoleError: z.enum(['report', 'fail']).default('report'),
    onErrorStatus: z.enum(['fail', 'report']).optional().meta({
      description:
        'When the host answers `url` with 400 or more. fail, the default; report: print what it shows, and warn',
    }),
  })
  .refine(({ headers = {}, cookies }) => !cookies || !Object.keys(headers).some((name) => /^cookie$/i.test(name)), {
    path: ['headers'],
    message: 'name cookies either in headers or in cookies',
  })
  .refine(({ javascript, waitFor }) => !(javascript === false && waitFor?.expression), {
    path: ['waitFor', 'expression'],
    message: 'needs javascript: true',
  });
export type LoadOptions = z.infer<typeof LoadOptions>;
