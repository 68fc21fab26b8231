import type { NatsConnection } from '@nats-io/transport-node';

const SUBJECT = 'ping.services';

/** What a service process says of itself. */
export interface ServicePong {
  service: string;
  instance: string;
  /** Why its commands have to wait, when they do. */
  problem?: string;
}

/** Answers the gateway's question which services are there. */
export function answerPings(nc: NatsConnection, pong: () => ServicePong): void {
  nc.subscribe(SUBJECT, { callback: (_error, message) => void message.respond(JSON.stringify(pong())) });
}

/** Asks every service process and returns the answers that come within `waitMs`, each with its latency in milliseconds. */
export async function pingServices(
  nc: NatsConnection,
  waitMs: number,
): Promise<(ServicePong & { latencyMs: number })[]> {
  const begin = performance.now();
  const pongs: (ServicePong & { latencyMs: number })[] = [];
  for await (const answer of await nc.requestMany(SUBJECT, '', { maxWait: waitMs, strategy: 'stall', stall: 100 })) {
    pongs.push({ ...answer.json<ServicePong>(), latencyMs: performance.now() - begin });
  }
  return pongs;
}
