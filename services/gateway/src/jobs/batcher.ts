interface Entry<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * Group commit: callers add one item each, `flush` receives what has gathered. While `lanes` flushes are under way new
 * items gather, so batches grow with the load and a lone item waits for nobody.
 */
export class Batcher<Item, Result> {
  readonly #queue: Entry<Item, Result>[] = [];
  #active = 0;
  #scheduled = false;

  constructor(
    private readonly flush: (items: Item[]) => Promise<Result[]>,
    private readonly options: { size: number; lanes: number },
  ) {}

  /** Resolves with this item's result, in the order of the items that `flush` was given. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#active >= this.options.lanes) return;
    this.#scheduled = true;
    // After the requests that this turn of the event loop has read: they then share one statement.
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#queue.length > 0) void this.#run();
    });
  }

  async #run(): Promise<void> {
    const batch = this.#queue.splice(0, this.options.size);
    this.#active += 1;
    try {
      await this.#settle(batch);
    } finally {
      this.#active -= 1;
      if (this.#queue.length > 0) this.#schedule();
    }
  }

  async #settle(batch: Entry<Item, Result>[]): Promise<void> {
    try {
      const results = await this.flush(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, index) => void resolve(results[index]!));
    } catch (error) {
      if (batch.length === 1) return batch[0]!.reject(error);
      // One item that the database refuses must not fail its neighbours.
      await Promise.all(batch.map((entry) => this.#settle([entry])));
    }
  }
}
