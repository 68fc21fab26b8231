import type { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import { JobView } from '@tandem/contracts/job';
import { JobRequest } from '@tandem/contracts/job-options';
import { commandRoute } from '@tandem/contracts/subjects';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiContentObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
} from 'zod-openapi';
import { HealthReport } from '../health/check-health.js';
import { JobQuery } from '../jobs/jobs.controller.js';
import { imagePaths } from './image-paths.js';
import { ledgerPaths } from './ledger-paths.js';
import { mediaUploadPaths } from './media-upload-paths.js';
import { objectPaths } from './object-paths.js';
import { idPath, NOT_FOUND, PROBLEMS, problem, UNREADABLE } from './responses.js';
import { templatePaths } from './template-paths.js';
import { uploadPaths } from './upload-paths.js';

const job = { 'application/json': { schema: JobView } };

const COMMAND_HEADERS = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    description: 'The same key and body give the same job; the same key with another body is refused with 422',
  }),
  Prefer: z
    .string()
    .optional()
    .meta({ description: 'wait=N: wait up to N seconds (60 at most) for the result', example: 'wait=10' }),
});

function commandOperation(command: CommandDefinition): ZodOpenApiOperationObject {
  return {
    operationId: command.type,
    summary: command.summary,
    description: `Needs the scope \`${command.scope}\`. The result of the job: see the schema \`${command.type}.result\`.`,
    tags: [command.service],
    requestParams: { header: COMMAND_HEADERS },
    requestBody: {
      required: true,
      content: { 'application/json': { schema: command.input }, ...(command.reads ? formOf(command) : {}) },
    },
    responses: accepted,
  };
}

/** The same input with its files in it, see `command-form.ts`. */
function formOf({ type }: CommandDefinition) {
  const file = z
    .string()
    .meta({ format: 'binary', description: 'A file, which becomes an object; needs objects:write' });
  const input = z.string().meta({ description: `The JSON of ${type} without the properties that files fill` });
  return { 'multipart/form-data': { schema: z.object({ input: input.optional(), source: file }) } };
}

const accepted = {
  '200': { description: 'Finished within the time that Prefer gave; the status may be failed', content: job },
  '202': { description: 'Accepted: the job will reach a final state. Location names it', content: job },
  ...UNREADABLE,
  ...PROBLEMS,
  ...NOT_FOUND,
  '415': { ...problem, description: 'The command does not take this type of object' },
  '422': { ...problem, description: 'A field is not valid; errors names it' },
};

const jobs: ZodOpenApiPathsObject = {
  '/v1/jobs': {
    post: {
      operationId: 'jobs.submit',
      summary: 'Submit a job with options: priority, time, expiry, timeout, attempts, backoff, tags, parent',
      description: "Needs the scope of the command. Without options the command's own route does the same.",
      tags: ['jobs'],
      requestParams: { header: COMMAND_HEADERS },
      requestBody: { required: true, content: { 'application/json': { schema: JobRequest } } },
      responses: accepted,
    },
    get: {
      operationId: 'jobs.list',
      summary: 'List jobs, newest first',
      tags: ['jobs'],
      requestParams: { query: JobQuery },
      responses: {
        '200': {
          description: 'A page',
          content: {
            'application/json': { schema: z.object({ jobs: z.array(JobView), nextCursor: z.string().optional() }) },
          },
        },
        ...PROBLEMS,
      },
    },
  },
  '/v1/jobs/{id}': {
    get: {
      operationId: 'jobs.get',
      summary: 'One job, with its result or its error',
      tags: ['jobs'],
      requestParams: { path: idPath },
      responses: { '200': { description: 'The job', content: job }, ...PROBLEMS, ...NOT_FOUND },
    },
  },
  '/v1/jobs/{id}/events': {
    get: {
      operationId: 'jobs.events',
      summary: 'Follow a job: server-sent events of its states and its progress',
      description: 'Resumable by Last-Event-ID. Ends with the final state; 204 when that was seen already.',
      tags: ['jobs'],
      requestParams: { path: idPath, header: z.object({ 'Last-Event-ID': z.string().optional() }) },
      responses: {
        '200': { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
        '204': { description: 'The final state was seen already' },
        ...PROBLEMS,
        ...NOT_FOUND,
      },
    },
  },
};

const ok = { 'application/json': { schema: z.object({ status: z.string() }) } };
const probe = (
  operationId: string,
  summary: string,
  content: ZodOpenApiContentObject = ok,
): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  tags: ['health'],
  security: [],
  responses: { '200': { description: 'Up', content }, '503': { description: 'Down', content } },
});

const health: ZodOpenApiPathsObject = {
  '/health': { get: probe('health', 'ok, degraded or down') },
  '/health/detailed': {
    get: probe('health.detailed', 'Each part with its latency', { 'application/json': { schema: HealthReport } }),
  },
  '/livez': { get: probe('livez', 'The process answers') },
  '/readyz': { get: probe('readyz', 'Jobs can be accepted') },
};

/** The OpenAPI 3.1 description of a gateway with these commands. */
export function openApi(catalog: Catalog): object {
  const commands = catalog
    .all()
    .map((command) => [commandRoute(command), { post: commandOperation(command) }] as const);
  const results = catalog.all().map((command) => [`${command.type}.result`, command.output] as const);
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Tandem',
      version: '1',
      description:
        'The second backend for Supabase apps: heavy work as durable jobs. Send the access token of your Supabase user.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ supabase: [] }],
    paths: {
      ...Object.fromEntries(commands),
      ...objectPaths,
      ...jobs,
      ...ledgerPaths,
      ...mediaUploadPaths,
      ...uploadPaths,
      ...imagePaths,
      ...templatePaths,
      ...health,
    },
    components: {
      schemas: Object.fromEntries(results),
      securitySchemes: { supabase: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  });
}
