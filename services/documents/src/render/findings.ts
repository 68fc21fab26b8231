import type { RenderReport } from '@tandem/contracts/documents';
import type { LoadOptions } from '@tandem/contracts/page-options';
import { Rejected } from '@tandem/messaging/outcome';
import { DENIED } from './failure-reason.js';

/** As many as the contract lets through; a hostile page makes more. */
const MOST = { failedResources: 100, consoleErrors: 50, warnings: 50 };
const LONGEST = 500;

/** What is found while a document is made. */
export class Findings {
  readonly #failed = new Map<string, string>();
  readonly #refused = new Set<string>();
  readonly #consoleErrors: string[] = [];
  readonly #warnings = new Set<string>();

  constructor(warnings: readonly string[] = []) {
    for (const warning of warnings) this.warn(warning);
  }

  resourceFailed(url: string, reason: string): void {
    const shown = withoutSecrets(url);
    if (this.#failed.size < MOST.failedResources && !this.#failed.has(shown)) this.#failed.set(shown, reason);
  }

  /** Egress refused a host: by any way, of which the browser tells only some (no WebSocket, no request of a worker). */
  hostRefused(host: string): void {
    if (this.#refused.size < MOST.failedResources) this.#refused.add(host);
  }

  consoleError(text: string): void {
    if (this.#consoleErrors.length < MOST.consoleErrors) this.#consoleErrors.push(short(text));
  }

  warn(text: string): void {
    if (this.#warnings.size < MOST.warnings) this.#warnings.add(short(text));
  }

  /** Throws when the job said that it would rather fail than have what was found. */
  check({ onResourceFailure, onConsoleError }: Partial<LoadOptions>): void {
    const [failed] = this.#failedResources;
    if (onResourceFailure === 'fail' && failed) {
      const detail = `${failed.url} could not be loaded: ${failed.reason}. Mend it, or set load.onResourceFailure to report.`;
      throw new Rejected('document_failed', detail);
    }
    const [error] = this.#consoleErrors;
    if (onConsoleError === 'fail' && error !== undefined) {
      const detail = `The page wrote an error to its console: ${error.replace(/\.?$/, '.')} Mend it, or set load.onConsoleError to report.`;
      throw new Rejected('document_failed', detail);
    }
  }

  get report(): Pick<RenderReport, 'failedResources' | 'consoleErrors' | 'warnings'> {
    return {
      failedResources: this.#failedResources,
      consoleErrors: this.#consoleErrors,
      warnings: [...this.#warnings],
    };
  }

  get #failedResources(): RenderReport['failedResources'] {
    const failed = [...this.#failed].map(([url, reason]) => ({ url, reason }));
    const named = new Set(failed.flatMap(({ url }) => authoritiesOf(url)));
    const unnamed = [...this.#refused].filter((host) => !named.has(host));
    return [...failed, ...unnamed.map((url) => ({ url, reason: DENIED }))].slice(0, MOST.failedResources);
  }
}

/** Host and port of a URL as the proxy is asked for them: its default port is named by CONNECT only. */
function authoritiesOf(url: string): string[] {
  const [, scheme, authority] = /^(https?):\/\/([^/?#]+)/i.exec(url) ?? [];
  return authority ? [authority, `${authority}:${scheme === 'https' ? 443 : 80}`] : [];
}

/** A URL without what may be secret: user, query and fragment. A `data:` URL is its first letters. */
export function withoutSecrets(url: string): string {
  if (/^(?:data|blob):/i.test(url)) return short(url, 60);
  return short(url.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1'));
}

function short(text: string, longest = LONGEST): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}
