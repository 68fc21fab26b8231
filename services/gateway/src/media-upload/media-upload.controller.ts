import { Controller, Headers, HttpCode, HttpStatus, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { JobView } from '@tandem/contracts/job';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STREAMED } from '../http/bodies.js';
import { Caller } from '../http/caller.js';
import type { Principal } from '../identity/principal.js';
import { validKey } from '../jobs/submit-command.js';
import { ObjectView, objectView } from '../objects/object-view.js';
import { MediaUpload } from './upload-media.js';

/** The answer to an upload. */
export const UploadView = z.object({ object: ObjectView, job: JobView }).meta({ id: 'MediaUpload' });

/** The usual way of an app: a photo goes up, renditions are made. The second path is an earlier version's. */
@Controller(['v1/media/upload', 'media/upload'])
export class MediaUploadController {
  constructor(private readonly uploads: MediaUpload) {}

  @Post()
  @RouteConfig(STREAMED)
  @HttpCode(HttpStatus.ACCEPTED)
  async upload(
    @Caller() caller: Principal,
    @Req() request: FastifyRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof UploadView>> {
    const { object, job, created } = await this.uploads.upload(caller, request, validKey(idempotencyKey));
    if (!created) reply.header('idempotency-replayed', 'true');
    reply.header('location', `/v1/jobs/${job.id}`);
    return { object: objectView(object), job };
  }
}
