import type { ServiceNames } from './service-names.mjs';

export function addService(
  machine: { root: string; node: string; env: NodeJS.ProcessEnv },
  names: ServiceNames,
): Promise<void>;
