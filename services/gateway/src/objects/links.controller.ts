import { Body, Controller, Get, Headers, HttpStatus, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STREAMED } from '../http/bodies.js';
import { Caller, Public, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import { RateLimit } from '../http/rate-limit.js';
import type { SignedQuery } from '../http/signed-url.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { ObjectDownload } from './download-object.js';
import { LinkRequest, type LinkView, ObjectLinks } from './object-links.js';
import { type ObjectView, objectView, READ, WRITE } from './object-view.js';
import { uploadBody } from './upload-body.js';
import { UploadLinkRequest, UploadLinks, type UploadLinkView } from './upload-links.js';
import { ObjectUpload } from './upload-object.js';

/** Signed links: made with a token, used without. */
@Controller('v1')
export class LinksController {
  constructor(
    private readonly links: ObjectLinks,
    private readonly uploadLinks: UploadLinks,
    private readonly downloads: ObjectDownload,
    private readonly uploads: ObjectUpload,
    private readonly limit: RateLimit,
  ) {}

  @Post('objects/:id/links')
  link(@Caller() caller: Principal, @Param('id') id: string, @Body() body: unknown): Promise<LinkView> {
    requireScope(caller, READ);
    return this.links.make(caller, id, validate(LinkRequest, body ?? {}));
  }

  @Public()
  @Get('links/:id')
  async download(
    @Param('id') id: string,
    @Query() query: SignedQuery,
    @Headers() headers: Record<string, string | undefined>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { object, ...link } = await this.#genuine(this.links.follow(id, query), request, reply);
    await this.downloads.send(object, headers, reply, link);
  }

  @Post('uploads/links')
  uploadLink(@Caller() caller: Principal, @Body() body: unknown): Promise<UploadLinkView> {
    requireScope(caller, WRITE);
    return this.uploadLinks.make(caller, validate(UploadLinkRequest, body ?? {}));
  }

  @Public()
  @Put('uploads/links/:id')
  @RouteConfig(STREAMED)
  async upload(
    @Param('id') id: string,
    @Query() query: SignedQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ObjectView> {
    const agreed = await this.#genuine(this.uploadLinks.find(id, query), request, reply);
    const { body } = await uploadBody(request, this.uploads, agreed.maxBytes ?? undefined);
    const object = await this.uploadLinks.upload(agreed, body);
    reply.header('location', `/v1/objects/${object.id}`).status(HttpStatus.CREATED);
    return objectView(object);
  }

  /** Who guesses is slowed down, like who guesses tokens. */
  async #genuine<T>(link: Promise<T>, request: FastifyRequest, reply: FastifyReply): Promise<T> {
    try {
      return await link;
    } catch (error) {
      if (error instanceof Problem && error.code === 'forbidden')
        await this.limit.count(`address:${request.ip}`, reply);
      throw error;
    }
  }
}
