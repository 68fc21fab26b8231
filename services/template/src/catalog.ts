import { Catalog, COMMANDS } from '@tandem/contracts/catalog';
import { WriteReceipt } from './contract.js';

// Stands for `@tandem/contracts/catalog`, which a copy of this service is listed in. No running Tandem knows this one.
const commands = [...COMMANDS, WriteReceipt] as const;

export type CommandsOf<S extends string> = Extract<(typeof commands)[number]['type'], `${S}.${string}`>;

export const catalog = new Catalog(commands);
