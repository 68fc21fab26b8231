// A bare Fastify: verifies the token with jose and publishes to JetStream, nothing else. No schema, no ledger, no state
// to ask for. `cached`: a token that was verified is looked up by its hash for a minute, as Tandem does.
import { hash } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import fastify from 'fastify';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { settings, variant } from './edge.ts';

const SUBJECT = 'edge.job';

const nc = await connect({ servers: settings.nats, noAsyncTraces: true });
const manager = await jetstreamManager(nc);
await manager.streams.add({ name: 'EDGE', subjects: [SUBJECT] });
const js = jetstream(nc);

const keys = createRemoteJWKSet(new URL(settings.jwksUrl));
const verified = new LRUCache<string, JWTPayload>({ max: 10_000, ttl: 60_000 });

async function verify(token: string): Promise<JWTPayload> {
  const id = variant === 'cached' ? hash('sha256', token, 'base64') : '';
  const known = id && verified.get(id);
  if (known) return known;
  const { payload } = await jwtVerify(token, keys, { issuer: settings.issuer, audience: 'authenticated' });
  if (id) verified.set(id, payload);
  return payload;
}

const app = fastify();
app.post('/jobs', async (request, reply) => {
  const user = await verify(request.headers.authorization?.slice('Bearer '.length) ?? '').catch(() => undefined);
  if (!user) return reply.status(401).send({});
  const { seq } = await js.publish(SUBJECT, JSON.stringify({ user: user.sub, input: request.body }));
  return reply.status(202).send({ id: seq });
});
process.on('SIGTERM', () => process.exit(0));
console.log(await app.listen({ port: 0, host: '127.0.0.1' }));
