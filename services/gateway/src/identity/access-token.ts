import { inspect } from 'node:util';

/** A caller's access token, for as long as the request lasts. It is not shown by JSON, logs and `console.log`. */
export class AccessToken {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toJSON(): string {
    return '[token]';
  }

  toString(): string {
    return '[token]';
  }

  [inspect.custom](): string {
    return '[token]';
  }
}
