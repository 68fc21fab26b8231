import { loadConfig } from '@tandem/runtime/config';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { egressSettings, policiesOf } from './settings.js';

const Config = z.object(egressSettings);
const load = (env: Record<string, string>) => loadConfig(Config, env);

describe('the settings of egress', () => {
  it('refuse everything private when none is set', () => {
    expect(policiesOf(load({}))('acme')).toEqual({ allow: [], only: false, ports: [] });
  });

  it('give a tenant what all have and what is its own', () => {
    const policyOf = policiesOf(
      load({
        EGRESS_ALLOW: 'kong:8000, 10.0.0.0/8',
        EGRESS_PORTS: '8443',
        EGRESS_TENANTS: '{"acme":{"allow":["192.168.1.5:*"],"only":true},"__proto__":{"only":true}}',
      }),
    );
    const common = { allow: ['kong:8000', '10.0.0.0/8'], only: false, ports: [8443] };
    expect(policyOf(undefined)).toEqual(common);
    expect(policyOf('other')).toEqual(common);
    expect(policyOf('constructor')).toEqual(common);
    expect(policyOf('acme')).toEqual({ allow: [...common.allow, '192.168.1.5:*'], only: true, ports: [8443] });
    expect(policyOf('acme')).toBe(policyOf('acme'));
  });

  it('let no tenant out of what the operator restricts', () => {
    const env = { EGRESS_ONLY_ALLOWED: 'yes', EGRESS_TENANTS: '{"acme":{"only":false}}' };
    expect(policiesOf(load(env))('acme').only).toBe(true);
  });

  it.each([
    ['EGRESS_ALLOW', 'https://kong:8000', /EGRESS_ALLOW: "https:\/\/kong:8000" is not a host, an address or a CIDR/],
    ['EGRESS_ALLOW', 'kong:8000/path', /is not a host/],
    ['EGRESS_ALLOW', 'kong:70000', /a port is a number from 1 to 65535/],
    ['EGRESS_ALLOW', '010.0.0.1', /"010.0.0.1" is ambiguous: write 8.0.0.1/],
    ['EGRESS_ALLOW', '10.0.0.0/33', /the prefix length may be 32 at most/],
    ['EGRESS_ALLOW', 'kong/8', /only an address can have a prefix length/],
    ['EGRESS_ALLOW', '*.10.0.0.1', /write a CIDR instead/],
    ['EGRESS_ALLOW', '*', /is not the name of a host/],
    ['EGRESS_ALLOW', 'fe80::1%eth0', /is not the name of a host/],
    ['EGRESS_PORTS', '80,none', /EGRESS_PORTS: must be a port/],
    ['EGRESS_TENANTS', '{acme}', /EGRESS_TENANTS: must be JSON/],
    ['EGRESS_TENANTS', '{"acme":{"allow":["10.0.0.0/99"]}}', /the prefix length may be 32/],
    ['EGRESS_TENANTS', '{"acme":{"alow":[]}}', /alow/],
  ])('say what is wrong with %s=%s', (name, value, message) => {
    expect(() => load({ [name]: value })).toThrow(message);
  });
});
