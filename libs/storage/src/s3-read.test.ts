import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Answer, ResumedDownload } from './s3-read.js';

const WHOLE = Buffer.from('0123456789');

/** An answer with the bytes from `start` to before `end`, which then ends, breaks or falls silent. */
function answer(start: number, end: number, then: 'ends' | 'breaks' | 'falls silent'): Answer {
  let sent = false;
  const body = new Readable({
    read() {
      if (!sent) this.push(WHOLE.subarray(start, end));
      else if (then === 'ends') this.push(null);
      else if (then === 'breaks') this.destroy(new Error('socket hang up'));
      sent = true;
    },
  });
  return { body, length: WHOLE.length - start };
}

/** A download whose answers end as `ends` say, one after the other; the last of them goes to the end. */
function download(...ends: [number, 'ends' | 'breaks' | 'falls silent'][]) {
  const asked: number[] = [];
  const next = (offset: number) => {
    const [end, then] = ends.shift() ?? [WHOLE.length, 'ends'];
    return answer(offset, end, then);
  };
  const stream = new ResumedDownload(
    next(0),
    async (offset) => {
      asked.push(offset);
      return next(offset);
    },
    50,
  );
  return { stream, asked };
}

test.each(['breaks', 'ends', 'falls silent'] as const)('goes on where it was when the connection %s', async (then) => {
  const { stream, asked } = download([4, then], [7, then]);
  expect((await buffer(stream)).toString()).toBe(WHOLE.toString());
  expect(asked).toEqual([4, 7]);
});

test('asks once when nothing happens', async () => {
  const { stream, asked } = download();
  expect((await buffer(stream)).toString()).toBe(WHOLE.toString());
  expect(asked).toEqual([]);
});

test('fails after several breaks without a byte between them, with what broke it', async () => {
  const { stream, asked } = download([4, 'breaks'], [4, 'breaks'], [4, 'breaks'], [4, 'breaks'], [4, 'breaks']);
  await expect(buffer(stream)).rejects.toThrow('socket hang up');
  expect(asked).toEqual([4, 4, 4]);
});

test('fails with the refusal of the next answer', async () => {
  const stream = new ResumedDownload(answer(0, 4, 'breaks'), async () => {
    throw new Error('the object was removed');
  });
  await expect(buffer(stream)).rejects.toThrow('the object was removed');
});

test('lets go of the connection when the reader leaves, before its first byte too', async () => {
  const first = answer(0, 4, 'falls silent');
  const stream = new ResumedDownload(first, async () => answer(0, 10, 'ends'));
  stream.destroy();
  expect(first.body.destroyed).toBe(true);
});
