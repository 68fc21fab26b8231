import { connect, type NatsConnection } from '@nats-io/transport-node';

/** Oldest nats-server that has everything Tandem uses. */
const OLDEST_SERVER = [2, 12] as const;

/** A NATS connection, and whether it is up right now. */
export interface Connection {
  readonly nc: NatsConnection;
  /** False while the client is reconnecting. */
  readonly up: () => boolean;
  /** Calls `listener` after every reconnection. */
  onReconnect(listener: () => void): void;
}

/**
 * Connects to NATS and reconnects for ever.
 * Throws an `Error` with a sentence for the operator when the server cannot be reached in 10 s or is too old.
 */
export async function connectNats(url: string, name: string): Promise<Connection> {
  const nc = await connect({
    servers: url.split(','),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // A server that is frozen or cut off is noticed after 10 s, not after the client's default of 4 minutes.
    pingInterval: 5_000,
    maxPingOut: 2,
    timeout: 10_000,
    // Without it the client captures two stacks for every publication, in case that it fails.
    noAsyncTraces: true,
  }).catch((cause: unknown) => {
    throw new Error(
      `NATS does not answer at NATS_URL (${withoutCredentials(url)}). Start it, or correct the address.`,
      {
        cause,
      },
    );
  });
  const version = nc.info?.version ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1])) {
    await nc.close();
    throw new Error(`nats-server ${version} is too old: Tandem needs ${OLDEST_SERVER.join('.')} or newer.`);
  }
  return watch(nc);
}

function watch(nc: NatsConnection): Connection {
  let up = true;
  const listeners: (() => void)[] = [];
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') up = false;
      if (status.type === 'reconnect') {
        up = true;
        for (const listener of listeners) listener();
      }
    }
  })();
  return { nc, up: () => up && !nc.isClosed(), onReconnect: (listener) => void listeners.push(listener) };
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//');
}
