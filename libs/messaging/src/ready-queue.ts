import { LANES, type Lane } from '@tandem/contracts/subjects';

/** Of ten starts where every lane waits. */
const WEIGHTS: Record<Lane, number> = { high: 6, normal: 3, low: 1 };

interface LaneQueue<Item> {
  weight: number;
  credit: number;
  size: number;
  /** In the order of their next turn. */
  tenants: Map<string, Item[]>;
}

/**
 * What a worker holds ready to start. Lanes take turns 6:3:1 (smooth weighted round robin, as nginx balances), and within a lane the tenants take turns,
 * so that one job of a tenant does not wait behind all that a worker fetched of another.
 */
export class ReadyQueue<Item> {
  readonly #lanes = new Map<Lane, LaneQueue<Item>>(
    LANES.map((lane) => [lane, { weight: WEIGHTS[lane], credit: 0, size: 0, tenants: new Map() }]),
  );

  add(lane: Lane, tenant: string, item: Item): void {
    const queue = this.#lanes.get(lane)!;
    queue.size += 1;
    const items = queue.tenants.get(tenant);
    if (items) items.push(item);
    else queue.tenants.set(tenant, [item]);
  }

  /** How many items of a lane are ready. */
  size(lane: Lane): number {
    return this.#lanes.get(lane)!.size;
  }

  /** Removes and returns the item whose turn it is; undefined when nothing is ready. */
  take(): Item | undefined {
    const waiting = [...this.#lanes.values()].filter(({ size }) => size > 0);
    if (waiting.length === 0) return undefined;
    for (const lane of waiting) lane.credit += lane.weight;
    const chosen = waiting.reduce((best, lane) => (lane.credit > best.credit ? lane : best));
    chosen.credit -= waiting.reduce((sum, { weight }) => sum + weight, 0);
    return takeFrom(chosen);
  }

  /** Removes and returns everything. */
  clear(): Item[] {
    const items = [...this.#lanes.values()].flatMap(({ tenants }) => [...tenants.values()].flat());
    for (const lane of this.#lanes.values()) {
      lane.tenants.clear();
      lane.size = 0;
    }
    return items;
  }
}

function takeFrom<Item>(queue: LaneQueue<Item>): Item {
  const [tenant, items] = queue.tenants.entries().next().value!;
  const item = items.shift()!;
  queue.size -= 1;
  queue.tenants.delete(tenant);
  if (items.length > 0) queue.tenants.set(tenant, items);
  return item;
}
