// The usual stack: Express, jsonwebtoken, BullMQ. The variant says how Redis syncs its append-only file.
import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Queue } from 'bullmq';
import express from 'express';
import jwt from 'jsonwebtoken';
import { settings, variant } from './edge.ts';

const answer = await fetch(settings.jwksUrl);
const { keys } = (await answer.json()) as { keys: (webcrypto.JsonWebKey & { kid: string })[] };
const byId = new Map<string, KeyObject>(keys.map((key) => [key.kid, createPublicKey({ key, format: 'jwk' })]));

const port = settings.redis[variant as 'everysec' | 'always'];
const queue = new Queue('edge', { connection: { host: '127.0.0.1', port } });
await queue.waitUntilReady();

function verify(token: string): Promise<jwt.JwtPayload> {
  return new Promise((resolve, reject) => {
    jwt.verify(
      token,
      ({ kid }, found) => found(null, byId.get(kid ?? '')),
      { algorithms: ['ES256'], issuer: settings.issuer, audience: 'authenticated' },
      (error, claims) => (error ? reject(error) : resolve(claims as jwt.JwtPayload)),
    );
  });
}

const app = express();
app.use(express.json());
app.post('/jobs', async (request, response) => {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
  const user = await verify(token).catch(() => undefined);
  if (!user) return void response.status(401).json({});
  const job = await queue.add('job', { user: user.sub, input: request.body });
  response.status(202).json({ id: job.id });
});
process.on('SIGTERM', () => process.exit(0));
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
