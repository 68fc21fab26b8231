import type { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { ObjectPage, ObjectQuery } from '../objects/list-objects.js';
import { ObjectView } from '../objects/object-view.js';
import { UploadQuery } from '../objects/objects.controller.js';
import { idPath, NOT_FOUND, PROBLEMS, problem } from './responses.js';

const binary = { schema: { type: 'string', format: 'binary' } } as const;
const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });

const FILE = {
  '200': { description: 'The bytes', content: { '*/*': binary } },
  '206': { description: 'A range of the bytes', content: { '*/*': binary } },
  '304': { description: 'You have it already' },
  '416': { ...problem, description: 'The range lies outside' },
};
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
};
