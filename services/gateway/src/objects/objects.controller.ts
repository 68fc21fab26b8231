import { Controller, Delete, Get, Headers, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STREAMED } from '../http/bodies.js';
import { Caller, requireScope } from '../http/caller.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { SourceFinder } from '../images/find-source.js';
import { ObjectDeletion } from './delete-object.js';
import { ObjectDownload } from './download-object.js';
import { ObjectFinder } from './find-objects.js';
import { ObjectList, type ObjectPage, ObjectQuery } from './list-objects.js';
import { ObjectName, type ObjectView, objectView, READ, WRITE } from './object-view.js';
import { uploadBody } from './upload-body.js';
import { ObjectUpload } from './upload-object.js';

/** Query parameters of `POST /v1/objects`. */
export const UploadQuery = z.strictObject({
  name: ObjectName.optional(),
  expiresIn: z.coerce
    .number()
    .int()
    .min(60)
    .max(10 * 366 * 86_400)
    .optional()
    .meta({ description: 'Seconds after which the object is deleted; by default it stays' }),
});

/** Uploads and downloads. */
@Controller('v1/objects')
export class ObjectsController {
  constructor(
    private readonly uploads: ObjectUpload,
    private readonly downloads: ObjectDownload,
    private readonly finder: ObjectFinder,
    private readonly objects: ObjectList,
    private readonly deletion: ObjectDeletion,
    private readonly images: SourceFinder,
  ) {}

  @Get()
  async list(@Caller() caller: Principal, @Query() query: Record<string, string>): Promise<ObjectPage> {
    requireScope(caller, READ);
    return this.objects.page(caller, validate(ObjectQuery, { ...query }, 'query'));
  }

  @Post()
  @RouteConfig(STREAMED)
  async upload(
    @Caller() caller: Principal,
    @Query() query: Record<string, string>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ObjectView> {
    requireScope(caller, WRITE);
    const { name, expiresIn } = validate(UploadQuery, { ...query }, 'query');
    const file = await uploadBody(request, this.uploads);
    const expiresAt = expiresIn === undefined ? undefined : new Date(Date.now() + expiresIn * 1_000);
    const object = await this.uploads.upload(caller, file.body, { name: name ?? file.name ?? null, expiresAt });
    reply.header('location', `/v1/objects/${object.id}`).status(HttpStatus.CREATED);
    return objectView(object);
  }

  @Get(':id')
  async download(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Headers() headers: Record<string, string | undefined>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    requireScope(caller, READ);
    await this.downloads.send(await this.finder.find(caller, id), headers, reply);
  }
  @Get(':id/info')
  async info(@Caller() caller: Principal, @Param('id') id: string): Promise<ObjectView> {
    requireScope(caller, READ);
    return objectView(await this.finder.find(caller, id));
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  async delete(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    requireScope(caller, WRITE);
    await this.deletion.delete(caller, id);
    this.images.removed(id.toLowerCase());
  }
}
