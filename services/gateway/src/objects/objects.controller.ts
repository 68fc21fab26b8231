import type { Readable } from 'node:stream';
import { Controller, Get, Headers, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STREAMED } from '../http/bodies.js';
import { Caller, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { ObjectDownload } from './download-object.js';
import { ObjectFinder } from './find-objects.js';
import { formFile } from './form-file.js';
import type { RegisteredObject } from './object.entity.js';
import { ObjectUpload } from './upload-object.js';

/** An object as the API shows it. */
export const ObjectView = z
  .object({
    id: z.uuid(),
    sha256: z.string(),
    size: z.int().meta({ description: 'Bytes' }),
    type: z.string().meta({ description: 'Media type, sniffed from the bytes', example: 'image/jpeg' }),
    name: z.string().optional(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Object' });

/** Query parameters of `POST /v1/objects`. */
export const UploadQuery = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(255)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters')
    .optional()
    .meta({ description: 'File name for downloads', example: 'photo.jpg' }),
});

/** What a form may have around its file: boundaries, headers of parts, fields. */
const FORM_BYTES = 64 * 1024;

/** Uploads and downloads. */
@Controller('v1/objects')
export class ObjectsController {
  constructor(
    private readonly uploads: ObjectUpload,
    private readonly downloads: ObjectDownload,
    private readonly finder: ObjectFinder,
  ) {}

  @Post()
  @RouteConfig(STREAMED)
  async upload(
    @Caller() caller: Principal,
    @Query() query: Record<string, string>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof ObjectView>> {
    requireScope(caller, 'objects:write');
    const { name } = validate(UploadQuery, { ...query }, 'query');
    const isForm = request.isMultipart();
    const limit = this.uploads.maxBytes + (isForm ? FORM_BYTES : 0);
    if (Number(request.headers['content-length'] ?? 0) > limit) throw this.uploads.tooLarge();
    const file = isForm ? await formFile(request) : { body: request.body as Readable | null, name: undefined };
    if (!file.body) throw new Problem('invalid_input', 'The body is empty. Send the bytes of the file.');
    const object = await this.uploads.upload(caller, file.body, name ?? file.name ?? null);
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
    requireScope(caller, 'objects:read');
    await this.downloads.send(await this.finder.find(caller, id), headers, reply);
  }
}

/** A registered object as the API shows it. */
export function objectView({ id, sha256, size, type, name, createdAt }: RegisteredObject): z.infer<typeof ObjectView> {
  return { id, sha256, size, type, name: name ?? undefined, createdAt: createdAt.toISOString() };
}
