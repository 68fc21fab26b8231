import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { idPath, NOT_FOUND, PROBLEMS, problem } from './responses.js';

const Tus = z.object({ 'Tus-Resumable': z.literal('1.0.0') });
const PART = { 'application/offset+octet-stream': { schema: { type: 'string', format: 'binary' } } } as const;
const TOO_LARGE = { '413': { ...problem, description: 'Larger than the limit, or than was announced' } };
const OFFSET = { '409': { ...problem, description: 'The offset is another, or the upload is finished' } };
const BUSY = { '423': { ...problem, description: 'Another request works on this upload' } };

/** Uploads in parts, by the protocol tus: https://tus.io/protocols/resumable-upload */
export const uploadPaths: ZodOpenApiPathsObject = {
  '/v1/uploads': {
    post: {
      operationId: 'uploads.begin',
      summary: 'Begin an upload in parts (tus 1.0.0)',
      description:
        'Use a client of the protocol, such as tus-js-client. The object will have the id that Location ends with; the answer to the last part names it in Tandem-Object.',
      tags: ['uploads'],
      requestParams: {
        header: Tus.extend({
          'Upload-Length': z.string().optional().meta({ description: 'Bytes of the whole file' }),
          'Upload-Defer-Length': z.literal('1').optional().meta({ description: 'The length is told later' }),
          'Upload-Metadata': z
            .string()
            .optional()
            .meta({ description: 'filename and its value in base64', example: 'filename cGhvdG8uanBn' }),
        }),
      },
      requestBody: { required: false, content: PART },
      responses: { '201': { description: 'Begun. Location names it' }, ...PROBLEMS, ...TOO_LARGE },
    },
  },
  '/v1/uploads/{id}': {
    head: {
      operationId: 'uploads.offset',
      summary: 'How far an upload in parts is',
      tags: ['uploads'],
      requestParams: { path: idPath, header: Tus },
      responses: { '200': { description: 'Upload-Offset says it' }, ...PROBLEMS, ...NOT_FOUND, ...BUSY },
    },
    patch: {
      operationId: 'uploads.continue',
      summary: 'Send the next part',
      tags: ['uploads'],
      requestParams: { path: idPath, header: Tus.extend({ 'Upload-Offset': z.string() }) },
      requestBody: { required: true, content: PART },
      responses: {
        '204': { description: 'Taken. Upload-Offset says how far it is now' },
        ...PROBLEMS,
        ...NOT_FOUND,
        ...OFFSET,
        ...TOO_LARGE,
        ...BUSY,
      },
    },
    delete: {
      operationId: 'uploads.terminate',
      summary: 'Give up an upload that is not finished',
      tags: ['uploads'],
      requestParams: { path: idPath, header: Tus },
      responses: { '204': { description: 'Its parts are gone' }, ...PROBLEMS, ...NOT_FOUND, ...OFFSET, ...BUSY },
    },
  },
};
