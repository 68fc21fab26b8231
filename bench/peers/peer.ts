/** Where a job system finds what it runs on. */
export interface Servers {
  /** A database of the system's own on the shared PostgreSQL. */
  postgres: string;
  nats: string;
  redis: { everysec: number; always: number };
  gateway: { url: string; token: string };
}

/** What every job carries: 200 bytes of JSON. */
export interface Payload {
  payload: string;
}

/** One job system, as the harness sees it. The producer and each worker live in processes of their own. */
export interface Peer {
  producer(servers: Servers): Promise<Producer>;
  worker(servers: Servers, hooks: Hooks): Promise<Worker>;
}

/** Adds jobs, each of them durable as far as the system promises when the promise resolves. */
export interface Producer {
  /** Empties the queue and what is kept of jobs that are done. */
  reset(): Promise<void>;
  add(job: Payload): Promise<unknown>;
  /** Adds many in one call. Missing when the system, or this build of it, has no such call. */
  addMany?(jobs: Payload[]): Promise<unknown>;
  /** Adds one and resolves when the caller knows that it is done. Missing where the worker's own word is taken. */
  addAndWait?(job: Payload): Promise<unknown>;
  /** Whether a job is left that does not count as done. */
  isBusy(): Promise<boolean>;
}

/** A worker that can be started and stopped again. */
export interface Worker {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What a worker tells about its jobs. */
export interface Hooks {
  /** The handler: counts, and returns at once unless told to hold on. */
  run(): Promise<void> | void;
  /** A job is done, and the system has stored that. */
  done(): void;
}
