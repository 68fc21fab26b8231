import { expect, test } from 'vitest';
import { fairly } from './fair-lookups.js';

/** Names that begin with "hang" get no answer until `end` is called for them. */
function slowNames() {
  const asked: string[] = [];
  const ends = new Map<string, () => void>();
  const lookUp = (host: string) => {
    asked.push(host);
    const answer = ['192.0.2.1'];
    if (!host.startsWith('hang')) return Promise.resolve(answer);
    return new Promise<string[]>((resolve) => ends.set(host, () => resolve(answer)));
  };
  return { asked, lookUp, end: (host: string) => ends.get(host)!() };
}

const { signal } = new AbortController();

test('names of one tenant that hang keep no other tenant waiting', async () => {
  const names = slowNames();
  const resolve = fairly(names.lookUp, 2);
  const hanging = ['hang1', 'hang2', 'hang3'].map((host) => resolve(host, signal, 'acme'));
  expect(await resolve('site', signal, 'other')).toEqual(['192.0.2.1']);
  expect(await resolve('site', signal, undefined)).toEqual(['192.0.2.1']);
  expect(names.asked).toEqual(['hang1', 'site', 'site']);
  for (const host of ['hang1', 'hang2', 'hang3']) {
    names.end(host);
    await hanging.shift();
  }
  expect(names.asked).toHaveLength(5);
});

test('a name that nobody waits for any more is not looked up', async () => {
  const names = slowNames();
  const resolve = fairly(names.lookUp, 2);
  const stop = new AbortController();
  const first = resolve('hang1', signal, 'acme');
  const second = resolve('hang2', stop.signal, 'acme');
  const third = resolve('site', signal, 'acme');
  stop.abort(new Error('nobody waits'));
  await expect(second).rejects.toThrow('nobody waits');
  await expect(resolve('hang3', stop.signal, 'acme')).rejects.toThrow('nobody waits');
  names.end('hang1');
  await Promise.all([first, third]);
  expect(names.asked).toEqual(['hang1', 'site']);
});

test('a name that fails gives its place back', async () => {
  const resolve = fairly(
    (host) => (host === 'none' ? Promise.reject(new Error('no such name')) : Promise.resolve([])),
    2,
  );
  await expect(resolve('none', signal, 'acme')).rejects.toThrow('no such name');
  expect(await resolve('site', signal, 'acme')).toEqual([]);
});
