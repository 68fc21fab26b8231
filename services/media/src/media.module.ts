import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { CommandsOf } from '@tandem/contracts/catalog';
import { openStore } from '@tandem/storage/open-store';
import type { MediaConfig } from './config.js';
import { ImageWorkshop } from './image-workshop.js';
import { InspectImageHandler } from './inspect-image.js';
import { OptimizeImageHandler } from './optimize-image.js';
import { MEDIA_CONFIG, OBJECT_STORE } from './tokens.js';
import { TransformImageHandler } from './transform-image.js';

/** One handler for each command that the service owns; a missing one is a type error. */
const handlers = {
  'media.transform': TransformImageHandler,
  'media.inspect': InspectImageHandler,
  'media.optimize': OptimizeImageHandler,
} satisfies Record<CommandsOf<'media'>, Type>;

/** The media service: its handlers, the object store and its settings. */
@Module({})
export class MediaModule {
  static register(config: MediaConfig): DynamicModule {
    return {
      module: MediaModule,
      controllers: Object.values(handlers),
      providers: [
        { provide: MEDIA_CONFIG, useValue: config },
        { provide: OBJECT_STORE, useFactory: () => openStore(config) },
        ImageWorkshop,
      ],
    };
  }
}
