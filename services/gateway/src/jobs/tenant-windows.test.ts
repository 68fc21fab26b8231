import { describe, expect, test } from 'vitest';
import { TenantWindows } from './tenant-windows.js';

const COMMAND = 'media.transform';

/** A window with a clock that the test moves. */
function windows(bounds = { least: 2, most: 400 }) {
  let now = 0;
  const tested = new TenantWindows(bounds, () => now);
  const after = (ms: number, lagMs: number) => {
    now += ms;
    tested.observe(COMMAND, lagMs);
  };
  const width = (tenant: string) => {
    let entered = 0;
    while (tested.enter(COMMAND, tenant)) entered += 1;
    return entered;
  };
  return { tested, after, width };
}

describe('the window of a tenant', () => {
  test('is full for one tenant and open for another', () => {
    const { tested, width } = windows();
    expect(width('a')).toBe(200);
    expect(tested.enter(COMMAND, 'b')).toBe(true);
    expect(tested.enter('probe.run', 'a')).toBe(true);
  });

  test('becomes narrow as soon as a second tenant comes, and wide again when it is gone', () => {
    const { tested, after } = windows();
    tested.queued(COMMAND, 'a');
    for (let n = 0; n < 20; n += 1) after(100, 40);
    expect(tested.free()[0]?.count).toBe(400);
    tested.enter(COMMAND, 'b');
    expect(tested.free()[0]?.count).toBe(20);
    for (let n = 0; n < 200; n += 1) after(100, 40);
    expect(tested.free()[0]?.count).toBe(400);
  });

  test('lets nobody pass those of the same tenant that wait', () => {
    const { tested, width } = windows();
    width('a');
    tested.leave(COMMAND, 'a', 100);
    expect(tested.enter(COMMAND, 'a')).toBe(false);
    expect(tested.free()).toEqual([{ command: COMMAND, tenant: 'a', count: 100 }]);
    tested.emptied(COMMAND, 'a');
    expect(tested.enter(COMMAND, 'a')).toBe(true);
  });

  test('says when so much is free that a release is worth it', () => {
    const { tested, width } = windows();
    width('a');
    expect(tested.leave(COMMAND, 'a', 49)).toBe(false);
    expect(tested.leave(COMMAND, 'a', 1)).toBe(true);
    expect(tested.leave(COMMAND, 'b')).toBe(false);
  });

  test('shrinks while jobs queue, down to its least', () => {
    const { tested, after } = windows({ least: 10, most: 400 });
    tested.queued(COMMAND, 'a');
    for (let n = 0; n < 20; n += 1) after(100, 1_000);
    expect(tested.free()[0]?.count).toBe(10);
  });

  test('grows while it is what holds jobs back, up to its most', () => {
    const { tested, after } = windows();
    tested.enter(COMMAND, 'a');
    tested.queued(COMMAND, 'a');
    for (let n = 0; n < 20; n += 1) after(100, 1);
    expect(tested.free()[0]?.count).toBe(399);
  });

  test('lets jobs wait as long as one of them takes', () => {
    const { tested, after } = windows();
    tested.queued(COMMAND, 'a');
    for (let n = 0; n < 1_000; n += 1) tested.observe(COMMAND, 1_050, 1_000);
    for (let n = 0; n < 20; n += 1) after(100, 1_050);
    expect(tested.free()[0]?.count).toBe(200);
  });

  test('stays as it is while nobody is held back', () => {
    const { after, width } = windows();
    for (let n = 0; n < 20; n += 1) after(100, 1);
    expect(width('a')).toBe(200);
  });

  test('is put right by the ledger, give or take what it has not been told of yet', () => {
    const { tested } = windows();
    tested.add(COMMAND, 'a', 50);
    tested.add(COMMAND, 'b', 50);
    tested.correct(
      [{ command: COMMAND, tenant: 'a', count: 120 }],
      [
        { command: COMMAND, tenant: 'a' },
        { command: COMMAND, tenant: 'b' },
      ],
      () => 7,
    );
    const free = new Map(tested.free().map(({ tenant, count }) => [tenant, count]));
    expect([free.get('a'), free.get('b')]).toEqual([200 - 120, 200 - 7]);
  });
});
