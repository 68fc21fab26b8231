import { TemplateBundle } from '@tandem/contracts/template';
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { PlainName } from '../presets/preset.js';
import { PreviewWish } from '../templates/preview-template.js';
import { TemplateSummary, TemplateView } from '../templates/template.js';
import { NOT_FOUND, PROBLEMS, problem, UNREADABLE } from './responses.js';

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const INVALID = {
  '422': { ...problem, description: 'A field is not valid; errors names it, of Liquid with its line' },
};
const CHANGED = { '412': { ...problem, description: 'If-Match names another version than the newest' } };
const TOO_LARGE = { '413': { ...problem, description: 'The template is larger than 6 MB of JSON' } };
const path = z.object({ name: PlainName.meta({ example: 'quote' }) });
const reference = z.object({ name: z.string().meta({ example: 'quote@3' }) });
const ifMatch = z.object({ 'If-Match': z.string().optional().meta({ example: '"quote@3"' }) });
const MANAGED = 'Needs a service_role token, or one whose scopes name `templates:manage`.';
const binary = { schema: { type: 'string', format: 'binary' } } as const;

const one = (operationId: string, summary: string): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ['templates'],
  requestParams: {
    path: reference,
    query: z.object({ bundle: z.boolean().optional().meta({ description: 'Whether all of it is shown' }) }),
    header: z.object({ 'If-None-Match': z.string().optional() }),
  },
  responses: {
    '200': { description: 'The template. Its ETag is the version', ...json(TemplateView) },
    '304': { description: 'You have it already' },
    ...PROBLEMS,
    ...NOT_FOUND,
  },
});

const previewed = {
  '200': {
    description: 'The preview. Tandem-Pages counts; Tandem-Warnings is a JSON list, percent-encoded',
    content: { 'application/pdf': binary, 'image/png': binary, 'text/html': { schema: z.string() } },
  },
  ...UNREADABLE,
  ...PROBLEMS,
  ...NOT_FOUND,
  '422': {
    ...problem,
    description: 'The data does not fit the schema, or the document cannot be made; errors says why',
  },
  '503': { ...problem, description: 'No documents service answers; see Retry-After' },
  '504': { ...problem, description: 'It takes too long' },
};

const preview = (operationId: string, summary: string): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  description:
    'Needs the scope `documents:write`. The format is that of the body, or the one that Accept names, or PDF.',
  tags: ['templates'],
  requestParams: { path: reference },
  requestBody: { required: true, ...json(PreviewWish) },
  responses: previewed,
});

/** Templates of documents, and their previews. */
export const templatePaths: ZodOpenApiPathsObject = {
  '/v1/templates': {
    get: {
      operationId: 'templates.list',
      summary: 'The templates of the tenant and of the operator, the newest version of each',
      tags: ['templates'],
      responses: {
        '200': { description: 'The templates', ...json(z.object({ templates: z.array(TemplateSummary) })) },
        ...PROBLEMS,
      },
    },
  },
  '/v1/templates/{name}': {
    get: one('templates.get', 'One template with schema and sample: quote is the newest version, quote@3 that one'),
    put: {
      operationId: 'templates.put',
      summary: 'Keep a template under a name: a new version, unless the newest is equal',
      description: `${MANAGED} Its Liquid is parsed, its schema compiled and its sample checked first.`,
      tags: ['templates'],
      requestParams: { path, header: ifMatch },
      requestBody: { required: true, ...json(TemplateBundle) },
      responses: {
        '200': { description: 'The newest version is equal', ...json(TemplateSummary) },
        '201': { description: 'A new version. Location names it', ...json(TemplateSummary) },
        ...UNREADABLE,
        ...PROBLEMS,
        '409': { ...problem, description: 'Too many templates, or too many bytes of them' },
        ...CHANGED,
        ...TOO_LARGE,
        ...INVALID,
      },
    },
    delete: {
      operationId: 'templates.delete',
      summary: 'Delete a template with all its versions; accepted jobs keep theirs',
      description: MANAGED,
      tags: ['templates'],
      requestParams: { path, header: ifMatch },
      responses: {
        '204': { description: 'Deleted' },
        ...PROBLEMS,
        ...NOT_FOUND,
        '409': { ...problem, description: 'It is the operator’s (TEMPLATES_DIR)' },
        ...CHANGED,
      },
    },
  },
  '/v1/templates/shared/{name}': {
    get: one('templates.getShared', 'A template of the operator, also when the tenant has one of that name'),
  },
  '/v1/templates/{name}/preview': {
    post: preview('templates.preview', 'Show what a template makes of data, or of its sample'),
  },
  '/v1/templates/shared/{name}/preview': {
    post: preview('templates.previewShared', 'The same of a template of the operator'),
  },
  '/v1/templates/preview': {
    post: {
      operationId: 'templates.previewUnsaved',
      summary: 'Show what a template that is not kept makes of data, or of its sample',
      description: MANAGED,
      tags: ['templates'],
      requestBody: { required: true, ...json(PreviewWish.extend({ template: TemplateBundle })) },
      responses: { ...previewed, ...TOO_LARGE },
    },
  },
};
