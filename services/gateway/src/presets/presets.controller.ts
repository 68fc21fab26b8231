import { Body, Controller, Delete, Get, Headers, HttpCode, HttpStatus, Param, Put, Res } from '@nestjs/common';
import { ImageOptions, objectsIn } from '@tandem/contracts/image-options';
import type { FastifyReply } from 'fastify';
import { Caller } from '../http/caller.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { ObjectFinder } from '../objects/find-objects.js';
import { PresetFinder } from './find-presets.js';
import { etagOf, PresetKeeper } from './keep-presets.js';
import { markVersion, plainName, requireManager } from './named.js';
import { type Preset, type PresetView, presetView } from './preset.js';

const MANAGE = 'presets:manage';

/** Options of images under a name. Whoever is signed in may read them. */
@Controller('v1/presets')
export class PresetsController {
  constructor(
    private readonly finder: PresetFinder,
    private readonly keeper: PresetKeeper,
    private readonly objects: ObjectFinder,
  ) {}

  @Get()
  async list(@Caller() caller: Principal): Promise<{ presets: PresetView[] }> {
    return { presets: (await this.finder.list(caller.tenant)).map(presetView) };
  }

  @Get(':name')
  async get(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PresetView> {
    return answer(await this.finder.get(caller.tenant, name), reply);
  }

  @Put(':name')
  async put(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Body() body: unknown,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PresetView> {
    requireManager(caller, MANAGE);
    const plain = plainName(name, 'preset');
    const options = validate(ImageOptions, body);
    // Who may use the preset need not own its watermark, but who writes it must be able to read that.
    const references = objectsIn(options).map((object) => ({ ...object, accepts: ['image/'] }));
    await this.objects.resolve(caller, references);
    const { preset, created } = await this.keeper.put(caller, plain, options, ifMatch);
    if (created) reply.status(HttpStatus.CREATED).header('location', `/v1/presets/${preset.name}@${preset.version}`);
    return answer(preset, reply);
  }

  @Delete(':name')
  @HttpCode(HttpStatus.NO_CONTENT)
  async remove(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    requireManager(caller, MANAGE);
    await this.keeper.remove(caller, plainName(name, 'preset'), ifMatch);
  }
}

function answer(preset: Preset, reply: FastifyReply): PresetView {
  markVersion(reply, etagOf(preset));
  return presetView(preset);
}
