import { Body, Controller, Delete, Get, Headers, HttpCode, HttpStatus, Param, Put, Query, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { MAX_TEMPLATE_BYTES } from '@tandem/contracts/template';
import type { FastifyReply } from 'fastify';
import { jsonUpTo } from '../http/bodies.js';
import { Caller } from '../http/caller.js';
import type { Principal } from '../identity/principal.js';
import { markVersion, plainName, requireManager } from '../presets/named.js';
import { TemplateFinder } from './find-templates.js';
import { TemplateKeeper } from './keep-templates.js';
import { takeTemplate } from './take-template.js';
import { etagOf, referenceOf, type TemplateSummary, type TemplateView, templateSummary } from './template.js';

/** The scope of those who may write templates. */
export const MANAGE = 'templates:manage';

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
    markVersion(reply, etagOf(template));
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
    requireManager(caller, MANAGE);
    const plain = plainName(name, 'template');
    const { template, created } = await this.keeper.put(caller, plain, takeTemplate(body), ifMatch);
    if (created) reply.status(HttpStatus.CREATED).header('location', `/v1/templates/${referenceOf(template)}`);
    markVersion(reply, etagOf(template));
    return templateSummary(template);
  }

  @Delete(':name')
  @HttpCode(HttpStatus.NO_CONTENT)
  async remove(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    requireManager(caller, MANAGE);
    await this.keeper.remove(caller, plainName(name, 'template'), ifMatch);
  }
}
