import type { InputOf } from '@tandem/contracts/command';
import type { RenderDocument } from '@tandem/contracts/documents';
import type { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import { hasLayout, type LaidOutTemplate } from './layout-engine.js';
import { asksForPaper } from './layout-paper.js';

type Input = Pick<InputOf<typeof RenderDocument>, 'format' | 'pdf' | 'assets' | 'load' | 'engine'>;

/** What a layout can follow of `load`; the rest is for browsers. */
const FOLLOWED = new Set([
  'locale',
  'timeZone',
  'timeoutSeconds',
  'resourceTimeoutSeconds',
  'onResourceFailure',
  'onConsoleError',
]);

/** What a layout can follow of `pdf`, where it asks for the size of the paper. */
const OF_PAPER = new Set(['paper', 'landscape']);
/** What either engine makes. */
const OF_BOTH = 'accessible';

/**
 * The template, when its layout is to make the document. Throws `Rejected` `invalid_input` when the request insists on a layout
 * that the template does not have, or on options that are a browser's.
 */
export function chooseLayout(bundle: TemplateBundle, input: Input): LaidOutTemplate | undefined {
  if (input.engine === 'browser' || input.format !== 'pdf') return undefined;
  const option = optionOfBrowsers(input, asksForPaper(bundle));
  if (hasLayout(bundle) && !option) return bundle;
  if (input.engine !== 'layout') return undefined;
  throw new Rejected(
    'invalid_input',
    option
      ? `engine: layout cannot follow ${option}; leave it out, or take engine auto.`
      : 'engine: the template has no layout; take engine auto, or give it one.',
  );
}

function optionOfBrowsers({ pdf, assets, load }: Input, followsPaper: boolean): string | undefined {
  if (Object.keys(assets ?? {}).length > 0) return 'assets';
  const ofPdf = Object.entries(pdf ?? {}).find(
    ([name, value]) => value !== undefined && name !== OF_BOTH && !(followsPaper && OF_PAPER.has(name)),
  );
  if (ofPdf) return `pdf.${ofPdf[0]}`;
  const ofLoad = Object.entries(load ?? {}).find(([name, value]) => value !== undefined && !FOLLOWED.has(name));
  return ofLoad && `load.${ofLoad[0]}`;
}
