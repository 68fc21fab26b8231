import { ImageOptions } from '@tandem/contracts/image-options';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { ImageLink, ImageLinkRequest } from '../images/link-image.js';
import { PlainName, PresetView } from '../presets/preset.js';
import { NOT_FOUND, PROBLEMS, problem, UNREADABLE } from './responses.js';

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const INVALID = { '422': { ...problem, description: 'A field is not valid; errors names it' } };
const CHANGED = { '412': { ...problem, description: 'If-Match names another version than the newest' } };
const presetPath = z.object({ name: PlainName.meta({ example: 'card' }) });
const ifMatch = z.object({ 'If-Match': z.string().optional().meta({ example: '"card@3"' }) });
const MANAGED = 'Needs a service_role token, or one whose scopes name `presets:manage`.';

const presets: ZodOpenApiPathsObject = {
  '/v1/presets': {
    get: {
      operationId: 'presets.list',
      summary: 'The presets of the tenant and of the operator, the newest version of each',
      tags: ['presets'],
      responses: {
        '200': { description: 'The presets', ...json(z.object({ presets: z.array(PresetView) })) },
        ...PROBLEMS,
      },
    },
  },
  '/v1/presets/{name}': {
    get: {
      operationId: 'presets.get',
      summary: 'One preset: card is the newest version, card@3 that one',
      tags: ['presets'],
      requestParams: { path: z.object({ name: z.string().meta({ example: 'card@3' }) }) },
      responses: { '200': { description: 'The preset', ...json(PresetView) }, ...PROBLEMS, ...NOT_FOUND },
    },
    put: {
      operationId: 'presets.put',
      summary: 'Keep options under a name: a new version, unless the newest is equal',
      description: MANAGED,
      tags: ['presets'],
      requestParams: { path: presetPath, header: ifMatch },
      requestBody: { required: true, ...json(ImageOptions) },
      responses: {
        '200': { description: 'The newest version is equal', ...json(PresetView) },
        '201': { description: 'A new version. Location names it', ...json(PresetView) },
        ...UNREADABLE,
        ...PROBLEMS,
        ...NOT_FOUND,
        ...CHANGED,
        ...INVALID,
      },
    },
    delete: {
      operationId: 'presets.delete',
      summary: 'Delete a preset with all its versions; their numbers are never given again',
      description: MANAGED,
      tags: ['presets'],
      requestParams: { path: presetPath, header: ifMatch },
      responses: {
        '204': { description: 'Deleted' },
        ...PROBLEMS,
        ...NOT_FOUND,
        '409': { ...problem, description: 'It stands in PRESETS_FILE' },
        ...CHANGED,
      },
    },
  },
};

const imageQuery = z.object({
  v: z.int().optional().meta({ description: 'Version of the preset; without it the newest' }),
  expires: z.int().optional().meta({ description: 'Seconds since the epoch' }),
  key: z.string().optional().meta({ description: 'Id of the signing key' }),
  tenant: z.string().optional().meta({ description: 'The object must be of this tenant' }),
  signature: z.string().optional().meta({ description: 'HMAC-SHA256, base64url; see docs/how-to/images.md' }),
});

const binary = { schema: { type: 'string', format: 'binary' } } as const;

/** Presets, and images made on the fly. */
export const imagePaths: ZodOpenApiPathsObject = {
  ...presets,
  '/v1/images/{object}/{preset}': {
    get: {
      operationId: 'images.get',
      summary: 'An image made from an object by a preset, by a signed link or with the token of its owner',
      description:
        'A preset without a format is served in the best one that Accept names. ETag and If-None-Match work. Where the operator allows it, `_` in place of the preset takes options as parameters.',
      tags: ['images'],
      security: [{}, { supabase: [] }],
      requestParams: {
        path: z.object({ object: z.uuid(), preset: z.string().meta({ example: 'card' }) }),
        query: imageQuery,
      },
      responses: {
        '200': { description: 'The image', content: { 'image/*': binary } },
        '304': { description: 'You have it already' },
        ...PROBLEMS,
        '403': { ...problem, description: 'The link is not valid or over, or the token lacks the scope' },
        ...NOT_FOUND,
        '413': { ...problem, description: 'The object is larger than images may be' },
        '415': { ...problem, description: 'The object is no image' },
        '422': { ...problem, description: 'The image cannot be made, or a parameter is not valid' },
        '503': { ...problem, description: 'Nobody can make it just now; see Retry-After' },
        '504': { ...problem, description: 'It takes too long' },
      },
    },
  },
  '/v1/images/links': {
    post: {
      operationId: 'images.link',
      summary: 'Sign a link to an image of an object that you may read',
      tags: ['images'],
      requestBody: { required: true, ...json(ImageLinkRequest) },
      responses: {
        '201': { description: 'The link', ...json(ImageLink) },
        ...UNREADABLE,
        ...PROBLEMS,
        ...NOT_FOUND,
        ...INVALID,
        '503': { ...problem, description: 'The operator has set no SIGNING_KEYS' },
      },
    },
  },
};
