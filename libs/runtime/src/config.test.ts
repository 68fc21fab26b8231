import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, describeConfig, flag, int, list, loadConfig, port } from './config.js';

const Schema = z.object({
  PORT: port(3000).meta({ description: 'Where the API listens' }),
  NATS_URL: z.url({ message: 'must be a URL' }).meta({ description: 'Address of the broker' }),
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  RETRIES: int(3, { min: 1, max: 9 }),
  WORKERS: int(undefined, { min: 1 }).optional(),
  VERBOSE: flag(false),
  CORS_ORIGINS: list(),
});

const NATS = { NATS_URL: 'nats://localhost:4222' };

function failure(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(Schema, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('the config was accepted');
}

describe('loadConfig', () => {
  it('fills in defaults and takes an empty variable as unset', () => {
    expect(loadConfig(Schema, { ...NATS, PORT: '', PATH: '/bin' })).toEqual({
      ...NATS,
      PORT: 3000,
      RETRIES: 3,
      VERBOSE: false,
      CORS_ORIGINS: [],
    });
  });

  it('reads numbers, switches and lists', () => {
    const env = {
      ...NATS,
      PORT: '0',
      VERBOSE: 'Yes',
      CORS_ORIGINS: 'https://a.example, https://b.example,',
      WORKERS: '2',
    };
    expect(loadConfig(Schema, env)).toMatchObject({
      PORT: 0,
      VERBOSE: true,
      CORS_ORIGINS: ['https://a.example', 'https://b.example'],
      WORKERS: 2,
    });
  });

  it('names every bad variable on a line of its own', () => {
    expect(failure({ PORT: 'abc', RETRIES: '10', VERBOSE: 'maybe', WORKERS: '0' }).split('\n')).toEqual([
      'PORT: must be a number from 0 to 65535 (got "abc")',
      'NATS_URL: is required: Address of the broker',
      'RETRIES: must be a number from 1 to 9 (got "10")',
      'WORKERS: must be a number of at least 1 (got "0")',
      'VERBOSE: must be true or false (got "maybe")',
    ]);
  });

  it.each(['1.5', '0x10', '1e3', '65536', '-1', 'Infinity'])('refuses %s as a port', (value) => {
    expect(failure({ ...NATS, PORT: value })).toContain('PORT: must be a number');
  });

  it('never shows the value of a secret or a URL', () => {
    expect(failure({ NATS_URL: 'hunter2 at host', JWT_SECRET: 'hunter2' })).toBe(
      'NATS_URL: must be a URL\nJWT_SECRET: must have at least 32 characters',
    );
  });

  it('reports a rule that spans several variables', () => {
    const both = z
      .object({ A: z.string().optional(), B: z.string().optional() })
      .refine((c) => c.A || c.B, 'Set A or B.');
    expect(() => loadConfig(both, {})).toThrow('Set A or B.');
  });
});

describe('describeConfig', () => {
  it('lists names, defaults, descriptions and what is required', () => {
    expect(describeConfig(Schema).slice(0, 3)).toEqual([
      { name: 'PORT', default: '3000', description: 'Where the API listens', required: false },
      { name: 'NATS_URL', default: undefined, description: 'Address of the broker', required: true },
      { name: 'JWT_SECRET', default: undefined, description: '', required: false },
    ]);
  });
});
