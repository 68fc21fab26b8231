import { Body, Controller, Delete, Get, Headers, HttpCode, HttpStatus, Param, Put, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { MAX_TEMPLATE_BYTES } from '@tandem/contracts/template';
import type { FastifyReply } from 'fastify';
import { jsonUpTo } from '../http/bodies.js';
import { Caller, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { PlainName } from '../presets/preset.js';
import { TemplateFinder } from './find-templates.js';
import { TemplateKeeper } from './keep-templates.js';
import { takeTemplate } from './take-template.js';
import {
  etagOf,
  referenceOf,
  type Template,
  type TemplateSummary,
  type TemplateView,
  templateSummary,
} from './template.js';

const MANAGE = 'templates:manage';

/** Templates of documents. Whoever is signed in may read them. */
@Controller('v1/templates')
export class TemplatesController {
  constructor(
    private readonly finder: TemplateFinder,
    private readonly keeper: TemplateKeeper,
  ) {}

  @Get()
  async list(@Caller() caller: Principal): Promise<{ templates: TemplateSummary[] }> {
    return { templates: (await this.finder.list(caller.tenant)).map(templateSummary) };
  }

  @Get(':name')
  async get(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Query('bundle') bundle: string | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TemplateView | undefined> {
    const template = await this.finder.get(caller.tenant, name);
    mark(template, reply);
    const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (tags?.some((tag) => tag === '*' || tag === etagOf(template))) return void reply.status(HttpStatus.NOT_MODIFIED);
    const whole = await this.finder.whole(caller.tenant, referenceOf(template));
    const { schema, sample } = whole;
    return { ...templateSummary(template), schema, sample, ...(bundle === 'true' ? { bundle: whole } : {}) };
  }

  @Get('shared/:name')
  getShared(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Query('bundle') bundle: string | undefined,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TemplateView | undefined> {
    return this.get(caller, `shared/${name}`, bundle, ifNoneMatch, reply);
  }

  @Put(':name')
  @RouteConfig(jsonUpTo(MAX_TEMPLATE_BYTES))
  async put(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TemplateSummary> {
    requireManager(caller);
    const plain = validName(name);
    const { template, created } = await this.keeper.put(caller, plain, takeTemplate(body), ifMatch);
    if (created) reply.status(HttpStatus.CREATED).header('location', `/v1/templates/${referenceOf(template)}`);
    mark(template, reply);
    return templateSummary(template);
  }

  @Delete(':name')
  @HttpCode(HttpStatus.NO_CONTENT)
  async remove(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    requireManager(caller);
    await this.keeper.remove(caller, validName(name), ifMatch);
  }
}

/** A template concerns everybody of its tenant, so a user's token must name the scope: the absence of a list is not enough. */
export function requireManager(caller: Principal): void {
  if (caller.role === 'service_role') requireScope(caller, MANAGE);
  else if (caller.scopes === 'all' || !caller.scopes.has(MANAGE))
    throw new Problem('forbidden', `This takes a service_role token, or one that names the scope ${MANAGE}.`);
}

function validName(name: string): string {
  if (PlainName.safeParse(name).success) return name;
  const detail = name.includes('@')
    ? 'a version never changes and goes with its template: leave out the @ and what follows'
    : 'must be 1 to 64 lower-case letters, digits, "-" or "_"';
  throw new Problem('invalid_input', `The name of the template is not valid: ${detail}.`, [
    { pointer: '/name', detail },
  ]);
}

function mark(template: Template, reply: FastifyReply): void {
  reply.header('etag', etagOf(template)).header('cache-control', 'private, no-cache');
}
