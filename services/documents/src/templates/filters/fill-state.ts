import type { Context } from 'liquidjs';
import type { Texts } from '../texts.js';

/** What filters know of the fill that they run in. */
export interface FillState {
  /** Of numbers, dates and money. */
  locale: string;
  timeZone: string;
  texts: Texts;
  /** Tells whoever asked for the document of something that is probably not as they meant it. */
  warn(message: string): void;
}

const STATE = Symbol('fill state');

/** The variables of every part of a template; partials see them as well. */
export function globalsOf(data: unknown, state: FillState): object {
  return { data, locale: state.locale, [STATE]: state };
}

/** The state of the fill that a filter runs in: its `this`. */
export function stateOf({ context }: { context: Context }): FillState {
  return (context.globals as { [STATE]: FillState })[STATE];
}

/** What a filter was called with: `x | t: "a", name: "b"` has one argument in a place and one by name. */
export interface FilterArguments {
  places: unknown[];
  named: Map<string, unknown>;
}

/** LiquidJS hands named arguments over as pairs. */
export function argumentsOf(args: unknown[]): FilterArguments {
  const isPair = (arg: unknown): arg is [string, unknown] => Array.isArray(arg) && arg.length === 2;
  return {
    places: args.filter((arg) => !isPair(arg)),
    named: new Map(args.filter(isPair)),
  };
}
