import type { TemplateBundle } from '@tandem/contracts/template';
import { Liquid, type LiquidOptions, type Template, toValueSync } from 'liquidjs';
import { closeTags } from './closed-tags.js';
import { pointerStep, type TemplateFault } from './template-fault.js';
import { TookTooLong, withinTime } from './time-limit.js';

/** Filters that templates have beside LiquidJS's own; the documents service gives them their meaning. */
export const TEMPLATE_FILTERS = [
  't',
  'money',
  'amount',
  'number',
  'percent',
  'date',
  'words',
  'country',
  'unit',
  'qr',
  'totals',
  'line_count',
] as const;

const MOST_CHARACTERS = 2_000_000;
const MOST_FAULTS = 20;
/** For all texts of a template; one of 300 kB took 0.4 s. */
const PARSE_MS = 4_000;

/** How a fault of LiquidJS looks: one, or several in `errors`. */
interface LiquidFault {
  message: string;
  originalError?: LiquidFault;
  errors?: LiquidFault[];
  token?: { getPosition(): [number, number] };
}

/**
 * The options that a template is parsed by, here and where it is filled: a template that was taken here is one that can be
 * parsed there. Partials come from the bundle and from nowhere else.
 */
export function liquidOptions({ partials }: Pick<TemplateBundle, 'partials'>): LiquidOptions {
  return {
    templates: { ...partials },
    strictFilters: true,
    relativeReference: false,
    catchAllErrors: true,
    parseLimit: MOST_CHARACTERS,
  };
}

/** What is wrong with the Liquid of a template: syntax, unknown tags and filters, partials that are not there. */
export function checkLiquid(
  bundle: Pick<TemplateBundle, 'html' | 'header' | 'footer' | 'layout' | 'partials'>,
): TemplateFault[] {
  const engine = new Liquid(liquidOptions(bundle));
  closeTags(engine);
  for (const filter of TEMPLATE_FILTERS) engine.registerFilter(filter, (value: unknown) => value);
  const texts: [string, string | undefined][] = [
    ['/html', bundle.html],
    ['/header', bundle.header],
    ['/footer', bundle.footer],
    ['/layout', bundle.layout],
    ...Object.entries(bundle.partials).map(
      ([name, text]) => [`/partials${pointerStep(name)}`, text] as [string, string],
    ),
  ];
  const partials = Object.keys(bundle.partials).sort();
  try {
    return withinTime(PARSE_MS, () =>
      texts.flatMap(([pointer, text]) =>
        faultsOf(engine, text ?? '', partials).map((fault) => ({ pointer, ...fault })),
      ),
    ).slice(0, MOST_FAULTS);
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error;
    return [{ pointer: '', detail: 'takes too long to read; make its Liquid shorter' }];
  }
}

type TextFault = Omit<TemplateFault, 'pointer'>;

function faultsOf(engine: Liquid, text: string, partials: string[]): TextFault[] {
  try {
    return missingPartials(engine.parse(text), partials);
  } catch (error) {
    const faults = flat(error as LiquidFault).map(textFault);
    const deep = faults.find(({ detail }) => detail === 'Maximum call stack size exceeded');
    return deep ? [{ ...deep, detail: 'has blocks within blocks too deep' }] : faults;
  }
}

function missingPartials(templates: Template[], there: string[]): TextFault[] {
  return templates.flatMap((template) => {
    const name = template.partialScope?.()?.name;
    const children: Template[] = toValueSync(template.children?.(false, true)) ?? [];
    const deeper = missingPartials(children, there);
    if (name === undefined || there.includes(name)) return deeper;
    const [line, column] = (template.token as unknown as LiquidFault['token'])!.getPosition();
    const known = there.length > 0 ? `there are ${there.join(', ')}` : 'the template has none';
    return [{ detail: `there is no partial ${name}; ${known}`, line, column }, ...deeper];
  });
}

function flat(fault: LiquidFault): LiquidFault[] {
  if (fault.errors?.length) return fault.errors.flatMap(flat);
  // Within {% liquid %} the faults of its lines stand in one of the tag.
  if (fault.originalError?.errors?.length) return fault.originalError.errors.flatMap(flat);
  return [fault];
}

function textFault({ message, originalError, token }: LiquidFault): TextFault {
  const [line, column] = token?.getPosition() ?? [];
  return { detail: (originalError?.message ?? message).replace(/, line:\d+, col:\d+$/, ''), line, column };
}
