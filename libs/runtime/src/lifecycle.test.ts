import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Lifecycle } from './lifecycle.js';

class Host extends EventEmitter {
  exits: number[] = [];
  readonly exited = new Promise<number>((resolve) => this.once('exited', resolve));
  exit(code?: number | string | null): never {
    this.exits.push(Number(code));
    this.emit('exited', Number(code));
    return undefined as never;
  }
}

function setUp(now?: () => number) {
  const lines: string[] = [];
  const at = (level: string) => (fields: object, message?: string) => {
    lines.push([level, message, 'phase' in fields ? fields.phase : ''].join(' ').trim());
  };
  const host = new Host();
  const logger = { info: at('info'), warn: at('warn'), error: at('error'), fatal: at('fatal') };
  return { lines, host, lifecycle: new Lifecycle(logger as never, host as never, now) };
}

const never = () => new Promise<void>(() => {});

describe('Lifecycle', () => {
  it('stops phases in the reverse order of their registration, one after the other', async () => {
    const { lifecycle } = setUp();
    const order: string[] = [];
    lifecycle.onStop('database', 1000, async () => void order.push('database'));
    lifecycle.onStop('http', 1000, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('http');
    });
    await lifecycle.stop('test');
    expect(order).toEqual(['http', 'database']);
  });

  it('goes on when a phase fails or misses its deadline, and says so', async () => {
    const { lifecycle, lines } = setUp();
    let closed = false;
    lifecycle.onStop('database', 1000, async () => {
      closed = true;
    });
    lifecycle.onStop('broker', 5, never);
    lifecycle.onStop('http', 1000, () => {
      throw new Error('sync');
    });
    await lifecycle.stop('test');
    expect(closed).toBe(true);
    expect(lines).toEqual([
      'info stopping',
      'error failed to stop http',
      'warn did not stop within its deadline broker',
      'info stopped',
    ]);
  });

  it('stops what stands when the start fails, and passes the error on', async () => {
    const { lifecycle } = setUp();
    let stopped = false;
    const start = lifecycle.guard(async () => {
      lifecycle.onStop('database', 1000, async () => {
        stopped = true;
      });
      throw new Error('no broker');
    });
    await expect(start).rejects.toThrow('no broker');
    expect(stopped).toBe(true);
  });

  it('runs each phase once when stop is called twice', async () => {
    const { lifecycle } = setUp();
    let runs = 0;
    lifecycle.onStop('http', 1000, async () => {
      runs += 1;
    });
    await Promise.all([lifecycle.stop('a'), lifecycle.stop('b')]);
    expect(runs).toBe(1);
  });

  it('stops and exits 0 on SIGTERM', async () => {
    const { lifecycle, host } = setUp();
    let stopped = false;
    lifecycle.onStop('http', 1000, async () => {
      stopped = true;
    });
    lifecycle.trapSignals();
    host.emit('SIGTERM');
    expect(await host.exited).toBe(0);
    expect(stopped).toBe(true);
  });

  it('takes signals within a second for one, and exits at once on a later one', () => {
    let now = 0;
    const { host, lifecycle } = setUp(() => now);
    lifecycle.onStop('http', 50, never);
    lifecycle.trapSignals();
    host.emit('SIGTERM');
    now = 900;
    host.emit('SIGINT');
    expect(host.exits).toEqual([]);
    now = 1_100;
    host.emit('SIGINT');
    expect(host.exits).toEqual([1]);
  });

  it.each(['uncaughtException', 'unhandledRejection'])('logs a fatal line and exits 1 on %s', (event) => {
    const { lifecycle, host, lines } = setUp();
    lifecycle.trapSignals();
    host.emit(event, new Error('boom'));
    expect(host.exits).toEqual([1]);
    expect(lines).toEqual([`fatal ${event}`]);
  });
});
