import type { TemplateBundle } from '@tandem/contracts/template';

/** Where templates come from: the gateway, or a folder in tests. */
export interface TemplateSource {
  /** The exact version that `template` names for a tenant: `quote@3`. Throws `Rejected` `not_found`. */
  get(tenant: string, template: string, signal?: AbortSignal): Promise<TemplateBundle>;
}
