/** A length of time as people write it: `250ms`, `60s`, `15m`, `2h`, `7d`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds in `duration`. Throws a `TypeError` for anything that is not a {@link Duration}. */
export function milliseconds(duration: Duration): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  if (!match)
    throw new TypeError(`"${duration}" is not a duration. Write a number and a unit, such as 500ms, 30s or 2h.`);
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}
