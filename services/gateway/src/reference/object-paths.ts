import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { ObjectPage, ObjectQuery } from '../objects/list-objects.js';
import { Disposition, LinkRequest, LinkView } from '../objects/object-links.js';
import { ObjectView } from '../objects/object-view.js';
import { UploadQuery } from '../objects/objects.controller.js';
import { UploadLinkRequest, UploadLinkView } from '../objects/upload-links.js';
import { idPath, NOT_FOUND, PROBLEMS, problem, UNREADABLE } from './responses.js';

const binary = { schema: { type: 'string', format: 'binary' } } as const;
const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });

const FILE = {
  '200': { description: 'The bytes', content: { '*/*': binary } },
  '206': { description: 'A range of the bytes', content: { '*/*': binary } },
  '304': { description: 'You have it already' },
  '416': { ...problem, description: 'The range lies outside' },
};
const NO_KEYS = { '503': { ...problem, description: 'The operator has set no SIGNING_KEYS' } };
const BAD_LINK = { '403': { ...problem, description: 'The link is forged or has expired, or its object is gone' } };
const Signed = z.object({ expires: z.string(), key: z.string(), signature: z.string() });
const SignedLink = Signed.extend({ tenant: z.string(), disposition: Disposition.optional() });
const TOO_LARGE = { '413': { ...problem, description: 'Larger than the limit' } };

/** What can be done with objects. */
export const objectPaths: ZodOpenApiPathsObject = {
  '/v1/objects': {
    post: {
      operationId: 'objects.upload',
      summary: 'Upload a file, raw or as multipart/form-data',
      tags: ['objects'],
      requestParams: { query: UploadQuery },
      requestBody: { required: true, content: { '*/*': binary, 'multipart/form-data': binary } },
      responses: { '201': { description: 'Stored', ...json(ObjectView) }, ...PROBLEMS, ...TOO_LARGE },
    },
    get: {
      operationId: 'objects.list',
      summary: 'List objects, newest first',
      tags: ['objects'],
      requestParams: { query: ObjectQuery },
      responses: { '200': { description: 'A page', ...json(ObjectPage) }, ...PROBLEMS },
    },
  },
  '/v1/objects/{id}': {
    get: {
      operationId: 'objects.download',
      summary: 'Download a file; Range, ETag and If-None-Match work',
      tags: ['objects'],
      requestParams: { path: idPath },
      responses: { ...FILE, ...PROBLEMS, ...NOT_FOUND },
    },
    delete: {
      operationId: 'objects.delete',
      summary: 'Delete an object. Jobs that wait for it fail',
      tags: ['objects'],
      requestParams: { path: idPath },
      responses: { '204': { description: 'It is not there any more' }, ...PROBLEMS, ...NOT_FOUND },
    },
  },
  '/v1/objects/{id}/info': {
    get: {
      operationId: 'objects.info',
      summary: 'What an object is, without its bytes',
      tags: ['objects'],
      requestParams: { path: idPath },
      responses: { '200': { description: 'The object', ...json(ObjectView) }, ...PROBLEMS, ...NOT_FOUND },
    },
  },
  '/v1/objects/{id}/links': {
    post: {
      operationId: 'objects.link',
      summary: 'Make a link to an object that needs no token',
      tags: ['objects'],
      requestParams: { path: idPath },
      requestBody: { required: false, ...json(LinkRequest) },
      responses: {
        '201': { description: 'The link', ...json(LinkView) },
        ...UNREADABLE,
        ...PROBLEMS,
        ...NOT_FOUND,
        ...NO_KEYS,
      },
    },
  },
  '/v1/links/{id}': {
    get: {
      operationId: 'links.download',
      summary: 'Download by a signed link; Range, ETag and If-None-Match work',
      tags: ['objects'],
      security: [],
      requestParams: { path: idPath, query: SignedLink },
      responses: { ...FILE, ...BAD_LINK },
    },
  },
  '/v1/uploads/links': {
    post: {
      operationId: 'uploads.link',
      summary: 'Make a link by which somebody without a token uploads one file, once',
      description: 'The object belongs to who made the link, and has the id that is told here.',
      tags: ['objects'],
      requestBody: { required: false, ...json(UploadLinkRequest) },
      responses: {
        '201': { description: 'The link', ...json(UploadLinkView) },
        ...UNREADABLE,
        ...PROBLEMS,
        ...NO_KEYS,
      },
    },
  },
  '/v1/uploads/links/{id}': {
    put: {
      operationId: 'links.upload',
      summary: 'Upload a file by a signed link',
      tags: ['objects'],
      security: [],
      requestParams: { path: idPath, query: Signed },
      requestBody: { required: true, content: { '*/*': binary, 'multipart/form-data': binary } },
      responses: {
        '201': { description: 'Stored', ...json(ObjectView) },
        ...BAD_LINK,
        '409': { ...problem, description: 'The link was used already' },
        ...TOO_LARGE,
        '415': { ...problem, description: 'The bytes are of a type that the link does not take' },
      },
    },
  },
};
