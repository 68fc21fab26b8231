import { Body, Controller, Headers, Param, Post, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { MAX_TEMPLATE_BYTES } from '@tandem/contracts/template';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { JSON_LIMIT_BYTES, jsonUpTo } from '../http/bodies.js';
import { Caller, requireScope } from '../http/caller.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { requireManager } from '../presets/named.js';
import { type Preview, type PreviewFormat, PreviewWish, TemplatePreview } from './preview-template.js';
import { takeTemplate } from './take-template.js';
import { MANAGE } from './templates.controller.js';

const TYPES: Record<PreviewFormat, string> = {
  pdf: 'application/pdf',
  png: 'image/png',
  html: 'text/html; charset=utf-8',
};
/** What a preview in HTML may do on the page of the gateway: be looked at. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox";

const HEADER_CHARACTERS = 4_000;

// A template is checked for itself, with the pointers of its own.
const Unsaved = PreviewWish.extend({ template: z.unknown() });

/** Shows what templates make of data. */
@Controller('v1/templates')
export class PreviewsController {
  constructor(private readonly previews: TemplatePreview) {}

  @Post('preview')
  @RouteConfig(jsonUpTo(MAX_TEMPLATE_BYTES + JSON_LIMIT_BYTES))
  async unsaved(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    requireManager(caller, MANAGE);
    const { template, ...wish } = validate(Unsaved, body);
    const bundle = takeTemplate(template, '/template');
    answer(await this.previews.unsaved(caller.tenant, bundle, wish, formatOf(wish, accept)), reply);
  }

  @Post(':name/preview')
  async saved(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    requireScope(caller, 'documents:write');
    const wish = validate(PreviewWish, body ?? {});
    answer(await this.previews.saved(caller.tenant, name, wish, formatOf(wish, accept)), reply);
  }

  @Post('shared/:name/preview')
  shared(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('accept') accept: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.saved(caller, `shared/${name}`, body, accept, reply);
  }
}

/** The format that was named, or the one that Accept likes best; pdf when it likes none. */
export function formatOf({ format }: PreviewWish, accept: string | undefined): PreviewFormat {
  if (format) return format;
  const ranges = (accept ?? '').split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return { type, quality: quality === undefined ? 1 : Number(quality) };
  });
  const byType = (Object.keys(TYPES) as PreviewFormat[]).map((known) => {
    const range = ranges.find(({ type }) => type !== '' && TYPES[known].startsWith(type));
    return { known, quality: range?.quality || 0 };
  });
  const best = byType.reduce((one, other) => (other.quality > one.quality ? other : one));
  return best.known;
}

function answer({ format, pages, warnings, body }: Preview, reply: FastifyReply): void {
  if (pages !== undefined) reply.header('tandem-pages', String(pages));
  if (warnings.length > 0) reply.header('tandem-warnings', inHeader(warnings));
  void reply
    .status(200)
    .header('content-type', TYPES[format])
    .header('content-disposition', 'inline')
    .header('content-security-policy', POLICY)
    .header('cache-control', 'no-store')
    .send(Buffer.from(body));
}

/** As JSON, percent-encoded, because headers take ASCII only; as many as fit. */
function inHeader(warnings: string[]): string {
  const text = encodeURIComponent(JSON.stringify(warnings));
  return text.length <= HEADER_CHARACTERS ? text : inHeader(warnings.slice(0, -1));
}
