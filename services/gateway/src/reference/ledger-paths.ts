import { JobStatus, JobView } from '@tandem/contracts/job';
import { JobRequest } from '@tandem/contracts/job-options';
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import { ReplayView } from '../jobs/bulk-replays.js';
import { BatchView } from '../jobs/find-batches.js';
import { CommandView } from '../jobs/pause-commands.js';
import { ReplayRequest } from '../jobs/replays.controller.js';
import { idPath, NOT_FOUND, PROBLEMS, problem, UNREADABLE } from './responses.js';

const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
const CONFLICT = { '409': { ...problem, description: 'Not possible in the state that it is in' } };
const INVALID = { '422': { ...problem, description: 'A field is not valid; errors names it' } };

type Answers = ZodOpenApiOperationObject['responses'];

function onId(operationId: string, summary: string, responses: Answers): ZodOpenApiOperationObject {
  const tags = [operationId.split('.')[0]!];
  return {
    operationId,
    summary,
    tags,
    requestParams: { path: idPath },
    responses: { ...responses, ...PROBLEMS, ...NOT_FOUND },
  };
}

const commandPath = { path: z.object({ command: z.string().meta({ example: 'media.transform' }) }) };
const operator = (operationId: string, summary: string): ZodOpenApiOperationObject => ({
  operationId,
  summary,
  description: 'For every tenant, so it needs a service_role token and the scope `commands:manage`.',
  tags: ['commands'],
  requestParams: commandPath,
  responses: { '200': { description: 'Done', ...json(CommandView) }, ...PROBLEMS, ...NOT_FOUND },
});

/** What can be done with jobs beyond submitting and reading one. */
export const ledgerPaths: ZodOpenApiPathsObject = {
  '/v1/jobs/counts': {
    get: {
      operationId: 'jobs.counts',
      summary: 'Jobs of the tenant by command and state, as kept counts',
      tags: ['jobs'],
      responses: {
        '200': {
          description: 'Counts',
          ...json(z.object({ commands: z.record(z.string(), z.record(JobStatus, z.int())) })),
        },
        ...PROBLEMS,
      },
    },
  },
  '/v1/jobs/{id}/cancel': {
    post: onId('jobs.cancel', 'Cancel a job. One that runs is told to stop; one that does not ends at once', {
      '200': { description: 'It is cancelled', ...json(JobView) },
      '202': { description: 'Its worker was told to stop', ...json(JobView) },
      ...CONFLICT,
    }),
  },
  '/v1/jobs/{id}/replay': {
    post: onId('jobs.replay', 'Do a failed, cancelled or expired job again, as a job of its own', {
      '202': { description: 'The new job', ...json(JobView) },
      ...CONFLICT,
    }),
  },
  '/v1/jobs/{id}/callback': {
    post: onId('jobs.callback', 'Send the callback of a job that has ended again', {
      '202': { description: 'It is on its way', ...json(JobView) },
      ...CONFLICT,
    }),
  },
  '/v1/batches': {
    post: {
      operationId: 'batches.submit',
      summary: 'Submit up to 10,000 jobs: all are accepted, or none',
      tags: ['batches'],
      requestParams: { header: z.object({ 'Idempotency-Key': z.string().min(1).max(255).optional() }) },
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: z.object({ jobs: z.array(JobRequest) }) },
          'application/x-ndjson': { schema: JobRequest },
        },
      },
      responses: {
        '202': { description: 'Accepted. Location names the batch', ...json(BatchView) },
        ...UNREADABLE,
        ...PROBLEMS,
        ...NOT_FOUND,
        '413': { ...problem, description: 'More than 10,000 jobs or 32 MB' },
        ...INVALID,
      },
    },
  },
  '/v1/batches/{id}': {
    get: onId('batches.get', 'A batch with its counts', { '200': { description: 'The batch', ...json(BatchView) } }),
  },
  '/v1/batches/{id}/events': {
    get: onId('batches.events', 'Follow a batch: server-sent events with its counts, up to the end', {
      '200': { description: 'Events', content: { 'text/event-stream': { schema: z.string() } } },
    }),
  },
  '/v1/batches/{id}/cancel': {
    post: onId('batches.cancel', 'Cancel every job of a batch that has not ended', {
      '202': { description: 'Told', ...json(BatchView) },
    }),
  },
  '/v1/batches/{id}/replay': {
    post: onId('batches.replay', 'Do the failed jobs of a batch again', {
      '202': { description: 'The replay. Location names it', ...json(ReplayView) },
    }),
  },
  '/v1/replays': {
    post: {
      operationId: 'replays.begin',
      summary: 'Do all failed jobs of a filter again, or count them first',
      tags: ['replays'],
      requestBody: { required: true, ...json(ReplayRequest) },
      responses: {
        '200': { description: 'What a dry run would do', ...json(z.object({ matched: z.int() })) },
        '202': { description: 'It goes on in the background. Location names it', ...json(ReplayView) },
        ...UNREADABLE,
        ...PROBLEMS,
        ...INVALID,
      },
    },
  },
  '/v1/replays/{id}': {
    get: onId('replays.get', 'How far a replay is', { '200': { description: 'The replay', ...json(ReplayView) } }),
  },
  '/v1/replays/{id}/abort': {
    post: onId('replays.abort', 'Stop a replay; what was replayed goes on', {
      '200': { description: 'The replay', ...json(ReplayView) },
    }),
  },
  '/v1/commands': {
    get: {
      operationId: 'commands.list',
      summary: 'The commands, and which of them are paused',
      tags: ['commands'],
      responses: {
        '200': { description: 'The commands', ...json(z.object({ commands: z.array(CommandView) })) },
        ...PROBLEMS,
      },
    },
  },
  '/v1/commands/{command}/pause': {
    post: operator('commands.pause', 'Pause a command: its jobs are accepted and wait, what runs goes on'),
  },
  '/v1/commands/{command}/resume': { post: operator('commands.resume', 'Let the jobs of a command start again') },
};
