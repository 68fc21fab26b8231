import type { Readable } from 'node:stream';

/** How {@link ObjectStore.stage} reads a body. */
export interface StageOptions {
  /** Bytes. A longer body throws {@link ObjectTooLarge}. */
  maxBytes: number;
  /** Bytes to keep for type sniffing; 4100 by default, which is what `file-type` asks for. */
  headBytes?: number;
  /** Aborting it ends the staging with the signal's reason, and leaves nothing behind. */
  signal?: AbortSignal;
}

/** Bytes that the store holds but that have no key yet. End it with `commit` or `discard`. */
export interface StagedObject {
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
  /** The first bytes. */
  readonly head: Uint8Array;
  /**
   * Gives the bytes their key, durably. An object of the same size under that key stays, as keys are content addresses,
   * and becomes young again: see {@link ListedObject.modifiedAt}.
   */
  commit(key: string): Promise<void>;
  /** Drops the bytes. Does nothing after `commit`. */
  discard(): Promise<void>;
}

/** One object of {@link ObjectStore.list}. */
export interface ListedObject {
  key: string;
  /** Bytes. */
  size: number;
  /**
   * When the object was last stored, or stored again: a `commit` or `write` onto an object that is there refreshes it,
   * at most {@link REFRESH_MS} late. So whoever removes unreferenced objects spares young ones: somebody may be about to
   * refer to them.
   */
  modifiedAt: Date;
}

/** An object this young, in milliseconds, is not refreshed: its time would hardly change. */
export const REFRESH_MS = 60_000;

/** Bytes by key. Keys are relative, `/`-separated and content-addressed: one key never means two contents. */
export interface ObjectStore {
  /** Streams `body` in at flat memory while counting and hashing it. Throws {@link ObjectTooLarge}. */
  stage(body: AsyncIterable<Uint8Array>, options: StageOptions): Promise<StagedObject>;
  /** Stores `bytes` durably and atomically. Repeating it changes nothing but {@link ListedObject.modifiedAt}. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Both ends of `range` are inclusive, as in RFC 9110. Throws {@link ObjectMissing} before the stream starts. */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Bytes, or `undefined` when there is no such object. */
  size(key: string): Promise<number | undefined>;
  /**
   * The objects whose keys start with `prefix`, all without one, in no particular order and at flat memory, however many
   * there are. What is staged is not among them; what comes or goes meanwhile may be. Throws {@link InvalidKey} where no
   * key can start so.
   */
  list(prefix?: string): AsyncIterable<ListedObject>;
  /**
   * The path of a file that holds the object's bytes, for programs that map it instead of copying it; `undefined` where
   * the store has no such file, or no such object. The file is not to be written, and may be removed with the object.
   */
  localFile(key: string): Promise<string | undefined>;
  /** Does nothing when there is no such object. */
  remove(key: string): Promise<void>;
  /**
   * Removes the object unless it was stored, or stored again, at `than` or later; see {@link ListedObject.modifiedAt}. False
   * when it stays for that reason, true when there is none now. On a file system
   * whoever stores it again meanwhile has it afterwards; for S3 see there.
   */
  removeOlder(key: string, than: Date): Promise<boolean>;
  /** Rejects when the store cannot be written. */
  ping(): Promise<void>;
}

/** A body was longer than its `maxBytes`. */
export class ObjectTooLarge extends Error {
  override readonly name = 'ObjectTooLarge';

  /** @param limit bytes */
  constructor(readonly limit: number) {
    super(`The object is larger than ${limit} bytes.`);
  }
}

/** There is no object under the key. */
export class ObjectMissing extends Error {
  override readonly name = 'ObjectMissing';

  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(`There is no object ${key}.`, options);
  }
}

/** The key is not one that a store takes: a fault of the program, or somebody reaching for other files. */
export class InvalidKey extends Error {
  override readonly name = 'InvalidKey';

  constructor() {
    super(
      'An object key is a relative path of at most 1024 bytes, without "." or ".." segments and control characters.',
    );
  }
}
