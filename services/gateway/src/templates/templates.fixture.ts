import { beforeAll } from 'vitest';
import type { Answer, Json, useGateway } from '../gateway.fixture.js';

export const QUOTE = {
  html: '<h1>{{ data.number }}</h1>{% render "lines" %}',
  partials: { lines: '{% for line in data.lines %}<p>{{ line.description }}</p>{% endfor %}' },
  schema: {
    type: 'object',
    required: ['number', 'lines'],
    properties: {
      number: { type: 'string' },
      lines: {
        type: 'array',
        items: { type: 'object', properties: { quantity: { type: 'number' }, description: { type: 'string' } } },
      },
    },
  },
  sample: { number: 'D-1', lines: [{ description: 'Pose', quantity: 2 }] },
};
export const DATA = { number: '7', lines: [] };

/** What tests of templates send, as two users and a service role of the tenant `acme`. */
export function useTemplates(gateway: ReturnType<typeof useGateway>) {
  const { call, post } = gateway;
  const tokens = { user: '', service: '' };
  beforeAll(async () => {
    const app_metadata = { tenant_id: 'acme' };
    tokens.user = await gateway.issuer.token({ app_metadata });
    tokens.service = await gateway.issuer.token({ app_metadata, role: 'service_role' });
  });
  return {
    tokens,
    put: (name: string, bundle: object, headers: Record<string, string> = {}, as = tokens.service): Promise<Answer> =>
      call(`/v1/templates/${name}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(bundle),
        as,
      }),
    list: async (as = tokens.user): Promise<Json[]> => (await call('/v1/templates', { as })).body.templates,
    get: (path: string, as = tokens.user, headers: Record<string, string> = {}): Promise<Answer> =>
      call(`/v1/templates/${path}`, { as, headers }),
    remove: (name: string, as = tokens.service): Promise<Answer> =>
      call(`/v1/templates/${name}`, { method: 'DELETE', as }),
    render: (template: string, data: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
      post('/v1/documents/render', { source: { template }, data }, headers, tokens.user),
    preview: (path: string, body: object, headers: Record<string, string> = {}, as = tokens.user): Promise<Answer> =>
      post(`/v1/templates/${path}`, body, headers, as),
  };
}
