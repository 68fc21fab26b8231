import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { folderOfPrefix, keySegments } from './key.js';
import { MeasuredBody } from './measured-body.js';
import {
  type ListedObject,
  ObjectMissing,
  type ObjectStore,
  REFRESH_MS,
  type StagedObject,
  type StageOptions,
} from './object-store.js';
import { s3Client } from './s3-client.js';
import { copyObject } from './s3-copy.js';
import { explain, isMissing } from './s3-errors.js';
import { fromS3Key, toS3Key } from './s3-key.js';
import { type Answer, ResumedDownload } from './s3-read.js';
import { removeStale } from './s3-stale.js';
import { uploadStream } from './s3-upload.js';
import type { S3Settings } from './storage-settings.js';

/** Older than any upload lasts, so no other process is still writing it. */
const STALE_MS = 86_400_000;

/**
 * Objects in a bucket of any server that speaks the S3 API, below `<prefix>objects/`. What is staged lies below
 * `<prefix>staging/`, and is copied by the server to its key: an object appears whole or not at all.
 */
export class S3Store implements ObjectStore {
  readonly #bucket: string;
  readonly #objects: string;
  readonly #staging: string;

  private constructor(
    private readonly client: S3Client,
    private readonly settings: S3Settings,
  ) {
    this.#bucket = settings.bucket;
    this.#objects = `${settings.prefix}objects/`;
    this.#staging = `${settings.prefix}staging/`;
  }

  /**
   * Asks for the bucket, and removes what uploads of a crashed process left behind more than a day ago. Rejects with a
   * message that names the setting to mend.
   */
  static async open(settings: S3Settings, client: S3Client = s3Client(settings)): Promise<S3Store> {
    const store = new S3Store(client, settings);
    await store.ping();
    await removeStale(client, { Bucket: store.#bucket, Prefix: store.#staging }, new Date(Date.now() - STALE_MS));
    return store;
  }

  async stage(body: AsyncIterable<Uint8Array>, options: StageOptions): Promise<StagedObject> {
    const measured = new MeasuredBody(body, options);
    const staging = this.#at(this.#staging + randomUUID());
    const { maxBytes, signal } = options;
    signal?.throwIfAborted();
    await uploadStream(this.client, measured.chunks(), { ...staging, maxBytes, signal });
    const measure = measured.result();
    let ended = false;
    const discard = async () => {
      if (ended) return;
      await this.#delete(staging);
      ended = true;
    };
    const commit = async (key: string) => {
      const target = this.#place(key);
      if (ended || (await this.#isYoung(target, measure.size))) return await discard();
      await copyObject(this.client, staging, target, measure.size);
      // The object is there; what is left behind goes with the stale.
      await discard().catch(() => {});
    };
    return { ...measure, commit, discard };
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const target = this.#place(key);
    if (await this.#isYoung(target, bytes.length)) return;
    await this.client.send(new PutObjectCommand({ ...target, Body: bytes }));
  }

  async read(key: string, range?: { start: number; end: number }): Promise<Readable> {
    const start = range?.start ?? 0;
    const first = await this.#get(key, start, range?.end);
    if (!first) return Readable.from([]);
    const reopen = async (offset: number) =>
      (await this.#get(key, start + offset, range?.end)) ?? { body: Readable.from([]), length: 0 };
    return new ResumedDownload(first, reopen);
  }

  async size(key: string): Promise<number | undefined> {
    return (await this.#head(this.#place(key)))?.ContentLength;
  }

  async *list(prefix = ''): AsyncGenerator<ListedObject> {
    folderOfPrefix(prefix);
    const query = { Bucket: this.#bucket, Prefix: this.#objects + toS3Key(prefix) };
    for await (const page of paginateListObjectsV2({ client: this.client }, query)) {
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        const key = fromS3Key(Key.slice(this.#objects.length));
        if (key && LastModified) yield { key, size: Size, modifiedAt: LastModified };
      }
    }
  }

  async localFile(key: string): Promise<undefined> {
    keySegments(key);
  }

  async remove(key: string): Promise<void> {
    await this.#delete(this.#place(key));
  }

  /**
   * In two requests, as S3 cannot remove by age: what is stored again in the milliseconds between them is lost. Stores
   * refresh an object when it is a minute old, the collector waits for five at least, so both must happen at once.
   */
  async removeOlder(key: string, than: Date): Promise<boolean> {
    const place = this.#place(key);
    const found = await this.#head(place);
    if (found?.LastModified && found.LastModified >= than) return false;
    if (found) await this.#delete(place);
    return true;
  }

  async ping(): Promise<void> {
    const Bucket = this.#bucket;
    await this.client.send(new HeadBucketCommand({ Bucket })).catch(async () => {
      // An answer to HEAD has no body, so it does not say what is wrong; this one does.
      await this.client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 })).catch((error) => {
        throw explain(error, this.settings);
      });
    });
  }

  /** The bytes of a range, or undefined where the object ends before it. */
  async #get(key: string, start: number, end: number | undefined): Promise<Answer | undefined> {
    const Range = start > 0 || end !== undefined ? `bytes=${start}-${end ?? ''}` : undefined;
    try {
      const { Body, ContentLength } = await this.client.send(new GetObjectCommand({ ...this.#place(key), Range }));
      return { body: Body as Readable, length: ContentLength ?? 0 };
    } catch (error) {
      if ((error as Error).name === 'InvalidRange') return undefined;
      throw isMissing(error) ? new ObjectMissing(key, { cause: error }) : error;
    }
  }

  /** Whether an object of that size is there which need not be stored again to look young. */
  async #isYoung(place: Place, size: number): Promise<boolean> {
    const found = await this.#head(place);
    return found?.ContentLength === size && Date.now() - (found.LastModified?.getTime() ?? 0) < REFRESH_MS;
  }

  async #head(place: Place): Promise<HeadObjectCommandOutput | undefined> {
    return await this.client.send(new HeadObjectCommand(place)).catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
  }

  async #delete(place: Place): Promise<void> {
    await this.client.send(new DeleteObjectCommand(place)).catch((error) => {
      if (!isMissing(error)) throw error;
    });
  }

  #place(key: string): Place {
    return this.#at(this.#objects + toS3Key(keySegments(key).join('/')));
  }

  #at(Key: string): Place {
    return { Bucket: this.#bucket, Key };
  }
}

/** Where an object lies, as the SDK's commands take it. */
interface Place {
  Bucket: string;
  Key: string;
}
