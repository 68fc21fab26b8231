/** What can be done to the system. `cut` stops the bytes between two processes without closing the connections. */
export const KINDS = [
  'kill worker',
  'kill browsers',
  'kill gateway',
  'kill nats',
  'kill postgres',
  'freeze worker',
  'freeze gateway',
  'freeze nats',
  'restart nats',
  'wipe nats',
  'restart postgres',
  'cut worker-nats',
  'cut worker-postgres',
  'cut gateway-nats',
  'cut gateway-postgres',
] as const;
export type Kind = (typeof KINDS)[number];

/** Those that are over in a few seconds. */
export const CHEAP: readonly Kind[] = [
  'kill worker',
  'kill browsers',
  'kill gateway',
  'wipe nats',
  'restart postgres',
  'cut worker-nats',
];
