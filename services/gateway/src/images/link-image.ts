import { Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { PresetName } from '@tandem/contracts/media';
import { z } from 'zod';
import { Caller, requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import { SigningKeys } from '../http/signing-keys.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { ObjectFinder } from '../objects/find-objects.js';
import { PresetFinder } from '../presets/find-presets.js';
import { parseReference } from '../presets/preset.js';
import { signImageUrl } from './image-url.js';

const YEAR_S = 31_536_000;

/** Body of `POST /v1/images/links`. */
export const ImageLinkRequest = z.strictObject({
  object: z.uuid(),
  preset: PresetName.meta({ example: 'card' }),
  expiresIn: z
    .int()
    .min(1)
    .max(YEAR_S)
    .default(3_600)
    .meta({ description: 'Seconds; default an hour, at most a year' }),
});

/** A signed link to an image. */
export const ImageLink = z
  .object({
    url: z.string().meta({ description: 'Path and query; put the address of this API before it' }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'ImageLink' });
export type ImageLink = z.infer<typeof ImageLink>;

/** Signs links for who may read the object. */
@Controller('v1/images')
export class ImageLinksController {
  constructor(
    private readonly objects: ObjectFinder,
    private readonly presets: PresetFinder,
    private readonly keys: SigningKeys,
  ) {}

  @Post('links')
  @HttpCode(HttpStatus.CREATED)
  async link(@Caller() caller: Principal, @Body() body: unknown): Promise<ImageLink> {
    requireScope(caller, 'objects:read');
    const { object, preset, expiresIn } = validate(ImageLinkRequest, body);
    const { id } = await this.objects.find(caller, object);
    await this.presets.get(caller.tenant, preset);
    const { name, version } = parseReference(preset);
    const expires = Math.ceil(Date.now() / 1_000) + expiresIn;
    const url = signImageUrl(this.keys, `/v1/images/${id}/${name}`, { expires, ...(version && { v: version }) });
    if (url !== undefined) return { url, expiresAt: new Date(expires * 1_000).toISOString() };
    throw new Problem('unavailable', 'Links are switched off here: the operator has set no SIGNING_KEYS.');
  }
}
