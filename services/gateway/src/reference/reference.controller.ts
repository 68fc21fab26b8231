import { Controller, Get, Header, Res } from '@nestjs/common';
import { Catalog } from '@tandem/contracts/catalog';
import type { FastifyReply } from 'fastify';
import { Public } from '../http/caller.js';
import { openApi } from './openapi.js';

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Tandem API</title><link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></body>
</html>`;

// A file of its own: the content security policy forbids scripts within the page.
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, defaultModelsExpandDepth: 0 });`;

/** The API's description, for programs and for people. */
@Public()
@Controller()
export class ReferenceController {
  readonly #document: string;

  constructor(catalog: Catalog) {
    this.#document = JSON.stringify(openApi(catalog));
  }

  @Get('openapi.json')
  @Header('content-type', 'application/json')
  document(): string {
    return this.#document;
  }

  @Get('docs')
  page(@Res() reply: FastifyReply): void {
    void reply.type('text/html; charset=utf-8').send(PAGE);
  }

  @Get('docs/start.js')
  start(@Res() reply: FastifyReply): void {
    void reply.type('text/javascript; charset=utf-8').send(START);
  }
}
