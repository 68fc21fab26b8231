import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { FileSource } from '@tandem/contracts/file-source';
import type { StoredObject } from '@tandem/contracts/object';
import { Egress } from '@tandem/egress/egress';
import { policiesOf } from '@tandem/egress/settings';
import { type SourceFile, SourceFiles, type SourceOwner } from '@tandem/job-files/source-files';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { MediaConfig } from './config.js';
import type * as program from './image-process.js';
import { ImageProcesses, type ImageWork, type ImageWorkLimits } from './image-processes.js';
import { PixelBudget } from './pixel-budget.js';
import type { SourceImage } from './source-image.js';
import { MEDIA_CONFIG, OBJECT_STORE } from './tokens.js';

/** A source of which the header was read; disposing of it removes what was fetched for it. */
export interface OpenedSource extends AsyncDisposable {
  source: SourceImage;
}

type Program = typeof program;

/** Where images are worked on: sources come in as files, processes do the work, as much at once as memory allows. */
@Injectable()
export class ImageWorkshop implements OnApplicationShutdown {
  readonly #files: SourceFiles;
  readonly #processes: ImageProcesses;
  readonly #budget: PixelBudget;

  constructor(
    @Inject(OBJECT_STORE) store: ObjectStore,
    @Inject(MEDIA_CONFIG) private readonly config: MediaConfig,
  ) {
    this.#files = new SourceFiles(store, new Egress(policiesOf(config)), {
      maxMegabytes: config.MEDIA_MAX_MB,
      kind: 'images',
    });
    this.#processes = new ImageProcesses({
      size: config.MEDIA_CONCURRENCY,
      memoryMb: config.MEDIA_PROCESS_MB,
      jemalloc: config.MEDIA_JEMALLOC,
    });
    this.#budget = new PixelBudget(config.MEDIA_MEMORY_MEGAPIXELS * 1_000_000);
  }

  /** Largest image, source or output, in megapixels. */
  get maxMegapixels(): number {
    return this.config.MEDIA_MAX_MEGAPIXELS;
  }

  /** Brings a command's source here and reads its header. Throws `Rejected` for what is no image or too large. */
  async open(source: FileSource, job: SourceOwner, signal: AbortSignal): Promise<OpenedSource> {
    return this.#read(await this.#files.open(source, job, signal), signal);
  }

  /** As {@link open}, for an object that is known. */
  async openObject(object: StoredObject | undefined, signal: AbortSignal): Promise<OpenedSource> {
    return this.#read(await this.#files.openObject(object, signal), signal);
  }

  /** Does a piece of work that holds `pixels` in memory, when there is room for it. */
  async work<W extends ImageWork>(
    work: W,
    input: Parameters<Program[W]>[0] & { source: SourceImage },
    pixels: number,
    limits: Omit<ImageWorkLimits<W>, 'seconds'>,
  ): Promise<Awaited<ReturnType<Program[W]>>> {
    using _room = await this.#budget.take(pixels, limits.signal);
    const { MEDIA_SVG_TIMEOUT_S, MEDIA_TIMEOUT_S } = this.config;
    const seconds = input.source.format === 'svg' ? MEDIA_SVG_TIMEOUT_S : MEDIA_TIMEOUT_S;
    return this.#processes.run(work, input, { ...limits, seconds });
  }

  /**
   * Starts an image process and asks for its allocator. Throws when `MEDIA_JEMALLOC` is set and did not take effect, as a
   * wrong path in a container would show only as memory that grows.
   */
  async checkProcesses(): Promise<'jemalloc' | 'system'> {
    const limits = { signal: new AbortController().signal, seconds: this.config.MEDIA_TIMEOUT_S };
    const allocator = await this.#processes.run('allocator', undefined, limits);
    const { MEDIA_JEMALLOC: path } = this.config;
    if (path && allocator !== 'jemalloc')
      throw new Error(`MEDIA_JEMALLOC: ${path} cannot be loaded. Install libjemalloc2 and give its path, or unset it.`);
    return allocator;
  }

  onApplicationShutdown(): void {
    this.#processes.close();
  }

  async #read(file: SourceFile, signal: AbortSignal): Promise<OpenedSource> {
    try {
      const task = { path: file.path, maxMegapixels: this.maxMegapixels };
      const source = await this.#processes.run('open', task, { signal, seconds: this.config.MEDIA_SVG_TIMEOUT_S });
      return { source, [Symbol.asyncDispose]: () => file[Symbol.asyncDispose]() };
    } catch (error) {
      await file[Symbol.asyncDispose]();
      throw error;
    }
  }
}
