import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../http/caller.js';
import { Health, type HealthReport } from './check-health.js';

/** Health for load balancers, Kubernetes and people. Open to everybody, so it shows no address and no version. */
@Public()
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  /** The process answers. */
  @Get('livez')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The process can admit jobs: Postgres answers. NATS may be down; jobs then wait in the ledger. */
  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<{ status: string }> {
    return answer(reply, { status: (await this.health.ready()) ? 'ok' : 'down' });
  }

  @Get('health')
  async summary(@Res({ passthrough: true }) reply: FastifyReply): Promise<{ status: string }> {
    const { status } = await this.health.check();
    return answer(reply, { status });
  }

  @Get('health/detailed')
  async detailed(@Res({ passthrough: true }) reply: FastifyReply): Promise<HealthReport> {
    return answer(reply, await this.health.check());
  }
}

/** 503 only when nothing can be accepted; a degraded system still keeps its promises. */
function answer<T extends { status: string }>(reply: FastifyReply, body: T): T {
  reply
    .status(body.status === 'down' ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.OK)
    .header('cache-control', 'no-store');
  return body;
}
