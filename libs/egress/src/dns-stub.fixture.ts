import { createSocket, type Socket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import type { Resolve } from './resolve.js';

type Answers = { A?: string[]; AAAA?: string[] };

/** A DNS server of our own on UDP (RFC 1035). What a name resolves to may change with every question. */
export class DnsStub {
  /** Names that were asked for, with the type: `A name`. */
  readonly asked: string[] = [];
  readonly #names = new Map<string, Answers[]>();
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, { port, address }) => {
      const answer = this.#answer(query);
      if (answer) socket.send(answer, port, address);
    });
  }

  static async start(): Promise<DnsStub> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsStub(socket);
  }

  /** Each question of a type takes the next answer; the last one stays. Without any, the server never answers. */
  set(name: string, ...answers: string[][]): void {
    const byType = answers.map((addresses) => ({
      A: addresses.filter((address) => isIPv4(address)),
      AAAA: addresses.filter((address) => !isIPv4(address)),
    }));
    this.#names.set(name, byType);
  }

  /** Asks this server, for both families at once. */
  resolve: Resolve = async (host) => {
    const resolver = new Resolver({ timeout: 2_000, tries: 1 });
    resolver.setServers([`127.0.0.1:${this.#socket.address().port}`]);
    const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length === 0 && four.status === 'rejected') throw four.reason;
    return found;
  };

  stop(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let at = 12;
    for (; query[at] !== 0; at += query[at]! + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
    const end = at + 5;
    const type = query.readUInt16BE(at + 1) === 28 ? 'AAAA' : 'A';
    const name = labels.join('.').toLowerCase();
    const turn = this.asked.filter((asked) => asked === `${type} ${name}`).length;
    this.asked.push(`${type} ${name}`);
    const answers = this.#names.get(name);
    if (answers?.length === 0) return undefined;
    const addresses = answers?.[Math.min(turn, answers.length - 1)]?.[type] ?? [];
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(answers ? 0x8180 : 0x8183, 2); // an answer without error, or "no such name"
    header.writeUInt16BE(addresses.length, 6);
    header.writeUInt32BE(0, 8);
    return Buffer.concat([header, query.subarray(12, end), ...addresses.map(record)]);
  }
}

function record(address: string): Buffer {
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : bytesOf6(address);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0); // the name of the question
  head.writeUInt16BE(isIPv4(address) ? 1 : 28, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}

function bytesOf6(address: string): Buffer {
  const [left = '', right = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const zeros = Array<string>(8 - groups(left).length - groups(right).length).fill('0');
  const hex = [...groups(left), ...zeros, ...groups(right)].map((group) => group.padStart(4, '0')).join('');
  return Buffer.from(hex, 'hex');
}
