import type { Lane } from '@tandem/contracts/subjects';
import { LANES } from '@tandem/contracts/subjects';

/** The gateway's Postgres schema. */
export const SCHEMA = 'gateway';

/** How the ledger stores a lane: its place among them, so that `ORDER BY lane` puts the urgent first. */
export function laneNumber(lane: Lane): number {
  return LANES.indexOf(lane);
}

export function laneOf(number: number): Lane {
  return LANES[number] ?? 'normal';
}
