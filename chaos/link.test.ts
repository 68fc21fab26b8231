import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { eventually } from '@tandem/testing/eventually';
import { afterEach, expect, test } from 'vitest';
import { Link } from './link.js';

const close: (() => void)[] = [];
afterEach(() => {
  for (const each of close.splice(0)) each();
});

/** An echo server behind a link; `heard` is what came back, `told` what the server got. */
async function echoBehindLink() {
  const told: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      told.push(String(bytes));
      socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link = await Link.open((server.address() as AddressInfo).port);
  close.push(
    () => server.close(),
    () => void link.close(),
  );
  return { link, told };
}

async function dial(link: Link): Promise<{ socket: Socket; heard: () => string; ended: () => string }> {
  const socket = connect(Number(new URL(link.through('tcp://127.0.0.1:1')).port), '127.0.0.1');
  close.push(() => socket.destroy());
  let heard = '';
  let ended = '';
  socket.on('data', (bytes) => {
    heard += bytes;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code!;
  });
  await once(socket, 'connect');
  return { socket, heard: () => heard, ended: () => ended };
}

test('a healed link delivers late what was sent while it was cut, without a hole', async () => {
  const { link, told } = await echoBehindLink();
  const { socket, heard } = await dial(link);
  socket.write('one ');
  await eventually(() => expect(heard()).toBe('one '));
  link.cut('both');
  socket.write('two ');
  const late = await dial(link);
  late.socket.write('three');
  // A cut direction is proven by another link that works meanwhile.
  const other = await dial((await echoBehindLink()).link);
  other.socket.write('x');
  await eventually(() => expect(other.heard()).toBe('x'));
  expect(told.join('')).toBe('one ');
  link.mend('heal');
  await eventually(() => expect([heard(), late.heard()]).toEqual(['one two ', 'three']));
});

test('a link that loses only the answers lets the requests arrive', async () => {
  const { link, told } = await echoBehindLink();
  const { socket, heard } = await dial(link);
  socket.write('one ');
  await eventually(() => expect(heard()).toBe('one '));
  link.cut('answers');
  socket.write('two');
  await eventually(() => expect(told.join('')).toBe('one two'));
  expect(heard()).toBe('one ');
});

test('a reset link ends its connections and takes new ones', async () => {
  const { link } = await echoBehindLink();
  const { socket, heard, ended } = await dial(link);
  socket.write('one ');
  await eventually(() => expect(heard()).toBe('one '));
  link.cut('both');
  socket.write('lost');
  link.mend('reset');
  await eventually(() => expect(ended()).toBe('ECONNRESET'));
  const next = await dial(link);
  next.socket.write('two');
  await eventually(() => expect(next.heard()).toBe('two'));
});
