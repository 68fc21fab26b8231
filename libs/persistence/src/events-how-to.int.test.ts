import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Catalog } from '@tandem/contracts/catalog';
import { defineEvent } from '@tandem/contracts/event';
import { jobReports } from '@tandem/contracts/event-subjects';
import { TransformImage } from '@tandem/contracts/media';
import { connectNats } from '@tandem/messaging/connection';
import { HandleEvent } from '@tandem/messaging/handle-event';
import { JetStreamStrategy } from '@tandem/messaging/jetstream-strategy';
import type { EventOf } from '@tandem/messaging/received-event';
import { createLogger } from '@tandem/telemetry/logger';
import { eventually } from '@tandem/testing/eventually';
import { testNats, testPostgres } from '@tandem/testing/servers';
import type { Pool } from 'pg';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openDatabase, poolOf } from './database.js';
import { Inbox } from './inbox.js';
import { inboxAndOutbox } from './inbox-and-outbox.js';
import { Outbox } from './outbox.js';
import { OutboxRelay } from './outbox-relay.js';
import { transaction } from './transaction.js';

// What stands between the marks is shown in docs/how-to/events.md, word for word.

// [declare]
export const PaymentSettled = defineEvent('payments.settled', {
  summary: 'Money of a payment arrived',
  data: z.object({ paymentId: z.uuid(), cents: z.int() }),
});
// [/declare]

// [subscribe]
@Controller()
class SendReceipt {
  constructor(
    @Inject('POOL') private readonly pool: Pool,
    @Inject(Inbox) private readonly inbox: Inbox,
  ) {}

  @HandleEvent(PaymentSettled, { name: 'send-receipt' })
  async handle({ id, data }: EventOf<typeof PaymentSettled>): Promise<void> {
    await transaction(this.pool, (client) =>
      this.inbox.once(client, { consumer: 'send-receipt', messageId: id }, () =>
        client.query('INSERT INTO shop.receipts (payment_id, cents) VALUES ($1, $2)', [data.paymentId, data.cents]),
      ),
    );
  }
}
// [/subscribe]

const failures: string[] = [];
// [jobs]
const failedImages = jobReports({ command: TransformImage, states: ['failed'] });

@Controller()
class WatchImages {
  @HandleEvent(failedImages, { name: 'watch-images', concurrency: 1, maxDeliveries: 5 })
  async handle({ data }: EventOf<typeof failedImages>): Promise<void> {
    failures.push(data.jobId);
  }
}
// [/jobs]

// [publish]
@Injectable()
class SettlePayment {
  constructor(
    @Inject('POOL') private readonly pool: Pool,
    @Inject(Outbox) private readonly outbox: Outbox,
  ) {}

  async settle(payment: { id: string; cents: number; tenant: string }): Promise<void> {
    await transaction(this.pool, async (client) => {
      await client.query('INSERT INTO shop.settled (payment_id) VALUES ($1)', [payment.id]);
      await this.outbox.add(client, {
        event: PaymentSettled,
        data: { paymentId: payment.id, cents: payment.cents },
        subject: payment.id,
        tenant: payment.tenant,
        actor: 'payments',
      });
    });
  }
}
// [/publish]

const log = createLogger('test', { write: () => undefined });

async function startShop(modules: object[]) {
  const { url: DATABASE_URL } = await testPostgres();
  const nats = await testNats();
  const connection = await connectNats(nats.url, 'shop');
  // [start]
  const database = await openDatabase({ url: DATABASE_URL, schema: 'shop', migrations: [inboxAndOutbox('shop')] });
  const pool = poolOf(database);
  const outbox = new Outbox('shop');
  const inbox = new Inbox({ schema: 'shop', pool, log });
  const relay = new OutboxRelay({ outbox, pool, connection, log });
  relay.start();
  // [/start]
  await pool.query('CREATE TABLE shop.receipts (payment_id uuid, cents int)');
  await pool.query('CREATE TABLE shop.settled (payment_id uuid)');

  @Module({
    controllers: modules as never[],
    providers: [
      SettlePayment,
      { provide: 'POOL', useValue: pool },
      { provide: Inbox, useValue: inbox },
      { provide: Outbox, useValue: outbox },
    ],
  })
  class Shop {}
  const strategy = new JetStreamStrategy({
    service: 'shop',
    worker: 'w1',
    catalog: new Catalog([]),
    connection,
    logger: log,
    concurrency: 1,
  });
  const stop = async () => {
    await strategy.drain(1_000);
    await relay.stop();
    await connection.nc.close();
    await database.destroy();
  };
  try {
    const app = await NestFactory.createMicroservice(Shop, { strategy, logger: false, abortOnError: false });
    await app.listen();
    return { app, pool, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

describe('a service of Nest', () => {
  test('handles in one class what another published with its transaction', async () => {
    const { app, pool, stop } = await startShop([SendReceipt, WatchImages]);
    const id = '0191f6a0-0000-7000-8000-000000000001';
    await app.get(SettlePayment).settle({ id, cents: 995, tenant: 't' });
    await eventually(async () => {
      const { rows } = await pool.query('SELECT * FROM shop.receipts');
      expect(rows).toEqual([{ payment_id: id, cents: 995 }]);
    });
    expect(failures).toEqual([]);
    await stop();
  });

  test('refuses to start when two methods subscribe under one name', async () => {
    class Again extends SendReceipt {}
    Controller()(Again);
    await expect(startShop([SendReceipt, Again])).rejects.toThrow(/Two methods handle events as event:send-receipt/);
  });
});

test('the how-to shows the code of this file', () => {
  const source = readFileSync(import.meta.filename, 'utf8');
  const page = readFileSync(join(import.meta.dirname, '../../../docs/how-to/events.md'), 'utf8');
  const marked = [...source.matchAll(/^( *)\/\/ \[(\w+)\]\n([\s\S]*?)\n *\/\/ \[\/\2\]/gm)];
  const snippets = marked.map(([, indent, , code]) => code!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
  const shown = [...page.matchAll(/^```ts\n([\s\S]*?)\n```/gm)].map(([, code]) => code!);
  expect(shown.toSorted()).toEqual(snippets.toSorted());
});
