import { once } from 'node:events';
import type { ProducerCalls, WorkerCalls } from './peer-process.ts';
import { type Script, startScript } from './processes.ts';

/** The functions of another process, called over IPC. */
export interface Remote<Calls> {
  pid: number;
  call<Name extends keyof Calls>(
    name: Name,
    ...args: Calls[Name] extends (...args: infer Args) => unknown ? Args : never
  ): Calls[Name] extends (...args: never) => infer Answer ? Promise<Awaited<Answer>> : never;
  /** The next event of that name, sent after this call. */
  next(event: string): Promise<{ at: number }>;
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
}

export type RemoteProducer = Remote<ProducerCalls>;
export type RemoteWorker = Remote<WorkerCalls>;

const started = new Set<{ kill(): Promise<void> }>();

/** Ends all that still run, before the servers that they are connected to. */
export async function killRemotes(): Promise<void> {
  await Promise.all([...started].map((each) => each.kill()));
}

/** Starts one side of a job system in a process of its own, or another script that serves calls. */
export async function startRemote<Calls>(
  args: string[],
  env: NodeJS.ProcessEnv,
  program = 'peer-process.ts',
): Promise<Remote<Calls>> {
  const script = await startScript(program, args, env);
  return remote(script, args.join(' '));
}

function remote<Calls>({ child, pid }: Script, what: string): Remote<Calls> {
  let calls = 0;
  const answers = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  child.on('message', (message: { id?: number; result?: unknown; error?: string; event?: string; at?: number }) => {
    if (message.event) child.emit(`event ${message.event}`, message);
    const answer = answers.get(message.id ?? 0);
    if (!answer) return;
    answers.delete(message.id!);
    if (message.error) answer.reject(new Error(`${what}: ${message.error}`));
    else answer.resolve(message.result);
  });
  child.on('exit', () => {
    for (const { reject } of answers.values()) reject(new Error(`${what} ended`));
  });
  const call = (name: PropertyKey, arg?: unknown) => {
    calls += 1;
    const id = calls;
    return new Promise((resolve, reject) => {
      answers.set(id, { resolve, reject });
      child.send({ id, call: name, arg });
    });
  };
  const self: Remote<Calls> = {
    pid,
    call: call as unknown as Remote<Calls>['call'],
    next: async (event) => (await once(child, `event ${event}`))[0],
    async kill() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
  started.add(self);
  child.on('exit', () => started.delete(self));
  return self;
}
