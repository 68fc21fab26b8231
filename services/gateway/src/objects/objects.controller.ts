import type { Readable } from 'node:stream';
import { Controller, Delete, Get, Headers, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STREAMED } from '../http/bodies.js';
import { Caller, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { ObjectDeletion } from './delete-object.js';
import { ObjectDownload } from './download-object.js';
import { ObjectFinder } from './find-objects.js';
import { formFile } from './form-file.js';
import { ObjectList, type ObjectPage, ObjectQuery } from './list-objects.js';
import { type ObjectView, objectView } from './object-view.js';
import { ObjectUpload } from './upload-object.js';

/** A file name as a request may give it. */
export const ObjectName = z
  .string()
  .min(1)
  .max(255)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .meta({ description: 'File name for downloads', example: 'photo.jpg' });

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

/** Scopes of objects. */
export const READ = 'objects:read';
export const WRITE = 'objects:write';

/** What a form may have around its file: boundaries, headers of parts, fields. */
const FORM_BYTES = 64 * 1024;

/** Uploads and downloads. */
@Controller('v1/objects')
export class ObjectsController {
  constructor(
    private readonly uploads: ObjectUpload,
    private readonly downloads: ObjectDownload,
    private readonly finder: ObjectFinder,
    private readonly objects: ObjectList,
    private readonly deletion: ObjectDeletion,
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
    const isForm = request.isMultipart();
    const limit = this.uploads.maxBytes + (isForm ? FORM_BYTES : 0);
    if (Number(request.headers['content-length'] ?? 0) > limit) throw this.uploads.tooLarge();
    const file = isForm ? await formFile(request) : { body: request.body as Readable | null, name: undefined };
    if (!file.body) throw new Problem('invalid_input', 'The body is empty. Send the bytes of the file.');
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
  }
}
