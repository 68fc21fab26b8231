/** What an HTTP edge of the comparison finds in its environment. */
export interface EdgeSettings {
  jwksUrl: string;
  issuer: string;
  nats: string;
  redis: { everysec: number; always: number };
}

export const settings: EdgeSettings = JSON.parse(process.env.BENCH_EDGE ?? '{}');
/** `cached`, `everysec` and so on: which of its variants an edge is. */
export const variant = process.argv[2];
