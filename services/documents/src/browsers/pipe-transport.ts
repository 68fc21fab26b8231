import type { Readable, Writable } from 'node:stream';
import type { ConnectionTransport } from 'puppeteer-core';

const END = 0;

/** The DevTools protocol over two pipes, as `--remote-debugging-pipe` speaks it: JSON messages, each ended by a zero byte. */
export class PipeTransport implements ConnectionTransport {
  onmessage?: (message: string) => void;
  onclose?: () => void;
  #parts: Buffer[] = [];

  constructor(
    private readonly toBrowser: Writable,
    fromBrowser: Readable,
  ) {
    fromBrowser.on('data', (chunk: Buffer) => this.#read(chunk));
    fromBrowser.once('close', () => this.onclose?.());
    // A browser that dies resets its pipes; that they are closed is all that counts.
    fromBrowser.on('error', () => undefined);
    toBrowser.on('error', () => undefined);
  }

  send(message: string): void {
    this.toBrowser.write(`${message}\0`);
  }

  close(): void {
    this.toBrowser.end();
  }

  #read(chunk: Buffer): void {
    let begin = 0;
    for (let end = chunk.indexOf(END); end !== -1; end = chunk.indexOf(END, begin)) {
      this.#parts.push(chunk.subarray(begin, end));
      const message = Buffer.concat(this.#parts).toString();
      this.#parts = [];
      begin = end + 1;
      // One message a turn: what waits for an answer goes on before the next event arrives.
      setImmediate(() => this.onmessage?.(message));
    }
    if (begin < chunk.length) this.#parts.push(chunk.subarray(begin));
  }
}
