import { z } from 'zod';
import { Compass } from './image-options.js';
import { Locale } from './locale.js';
import type { ObjectReference } from './object.js';
import { Length } from './page-options.js';
import { PDF_TYPES } from './pdf-files.js';

const Color = z.string().regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #d70000');
const Words = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}+$/u, 'must have no control characters');

/** The fonts that are embedded: DejaVu. */
const font = {
  font: z.enum(['sans', 'serif', 'mono']).default('sans'),
  bold: z.boolean().default(false),
};

/** What is laid over or under pages; exactly one of `text`, `image` and `pdf`. */
export const Watermark = z
  .strictObject({
    text: Words.optional().meta({ example: 'CONFIDENTIEL' }),
    ...font,
    color: Color.default('#808080').meta({ description: 'Of the text' }),
    image: z
      .strictObject({ object: z.uuid() })
      .optional()
      .meta({ description: 'An uploaded PNG, JPEG, WebP, AVIF, GIF or TIFF image' }),
    pdf: z
      .strictObject({ object: z.uuid(), page: z.int().min(1).default(1) })
      .optional()
      .meta({ description: 'A page of an uploaded PDF, such as letter paper' }),
    opacity: z.number().min(0).max(1).optional().meta({ description: '0.3 by default, 1 for a page' }),
    rotate: z
      .number()
      .min(-360)
      .max(360)
      .optional()
      .meta({ description: 'Degrees clockwise; a text -45 by default, others 0' }),
    scale: z.number().min(0.01).max(1).optional().meta({
      description:
        'Width as a share of that of the page, as far as the height fits; 0.7 by default, 0.2 when tiled, 1 for a page',
    }),
    position: Compass.optional().meta({ description: 'center by default; not with tile' }),
    margin: Length.optional().meta({ description: 'From the edges, and between tiles; 10mm by default, 0 for a page' }),
    tile: z.boolean().default(false).meta({ description: 'Repeat it over the whole page' }),
    layer: z.enum(['over', 'under']).default('over').meta({
      description: 'under shows only where the page paints nothing: scans and pages with a background hide it',
    }),
  })
  .superRefine(({ text, image, pdf, tile, position }, ctx) => {
    if ([text, image, pdf].filter((mark) => mark !== undefined).length !== 1)
      ctx.addIssue({ code: 'custom', message: 'name exactly one of text, image and pdf' });
    if (tile && position)
      ctx.addIssue({
        code: 'custom',
        path: ['position'],
        message: 'a tiled watermark has none: leave out one of the two',
      });
  });
export type Watermark = z.infer<typeof Watermark>;

/** The objects that a watermark names. */
export function watermarkObjects({ image, pdf }: Watermark): ObjectReference[] {
  return [
    ...(image ? [{ id: image.object, pointer: '/watermark/image/object', accepts: ['image/'] }] : []),
    ...(pdf ? [{ id: pdf.object, pointer: '/watermark/pdf/object', accepts: PDF_TYPES }] : []),
  ];
}

/** A text at one place of each page. */
export const Stamp = z.strictObject({
  text: Words.meta({
    description: '{page}, {pages} and {date} are filled in',
    example: 'Page {page} / {pages}',
  }),
  position: z
    .enum(['northwest', 'north', 'northeast', 'southwest', 'south', 'southeast'])
    .default('south')
    .meta({ description: 'Of the page as it is seen' }),
  margin: Length.default('10mm').meta({ description: 'From the edges' }),
  size: z
    .number()
    .min(2)
    .max(200)
    .default(10)
    .meta({ description: 'Points; less where the text is wider than the page' }),
  ...font,
  color: Color.default('#000000'),
  opacity: z.number().min(0).max(1).default(1),
});
export type Stamp = z.infer<typeof Stamp>;

/** What fills the placeholders of stamps. */
export const StampNumbers = z.strictObject({
  firstNumber: z.int().min(0).max(1_000_000).optional().meta({
    description:
      'Number of the first stamped page; {pages} is the number of the last one then. By default pages count as in the document',
  }),
  date: z.iso
    .date()
    .optional()
    .meta({ description: '{date}; the day of the job by default (UTC)', example: '2026-11-21' }),
  locale: Locale.default('en-GB').meta({ description: 'In which {date} is written', example: 'fr-FR' }),
});
export type StampNumbers = z.infer<typeof StampNumbers>;
