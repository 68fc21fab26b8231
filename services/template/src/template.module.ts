import { type DynamicModule, Module, type Type } from '@nestjs/common';
import type { CommandsOf } from './catalog.js';
import type { TemplateConfig } from './config.js';
import { TEMPLATE_CONFIG } from './tokens.js';
import { WriteReceiptHandler } from './write-receipt.js';

/** One handler for each command that the service owns; a missing one is a type error. */
const handlers = {
  'template.write': WriteReceiptHandler,
} satisfies Record<CommandsOf<'template'>, Type>;

/** The template service: its handlers and its settings. */
@Module({})
export class TemplateModule {
  static register(config: TemplateConfig): DynamicModule {
    return {
      module: TemplateModule,
      controllers: Object.values(handlers),
      providers: [{ provide: TEMPLATE_CONFIG, useValue: config }],
    };
  }
}
