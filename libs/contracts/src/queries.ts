import { PreviewTemplate } from './documents.js';
import type { QueryDefinition } from './query.js';
import { RenderImage } from './render-image.js';
import { GetTemplate } from './template.js';

/** The queries of Tandem, for its reference. */
export const QUERIES: readonly QueryDefinition[] = [RenderImage, PreviewTemplate, GetTemplate];
