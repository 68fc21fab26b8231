import { describe, expect, it } from 'vitest';
import { CompiledPolicy, type EgressPolicy } from './policy.js';
import { checkedAddresses, parseUrl, targetOf } from './route.js';

/** Whether `url` may be fetched when its name resolves to `addresses`. */
async function reaches(policy: EgressPolicy, url: string, ...addresses: string[]): Promise<boolean> {
  const signal = new AbortController().signal;
  const work = async () =>
    checkedAddresses(targetOf(parseUrl(url)), new CompiledPolicy(policy), async () => addresses, signal);
  return work().then(
    () => true,
    (error) => {
      expect(error.name).toBe('EgressDenied');
      return false;
    },
  );
}

const GLOBAL = '93.184.215.14';

describe('without exceptions', () => {
  it('public hosts are reached on the default ports', async () => {
    expect(await reaches({}, 'http://example.com/', GLOBAL)).toBe(true);
    expect(await reaches({}, 'https://example.com:443/', GLOBAL, '2606:2800:21f:cb07:6820:80da:af6b:8b2c')).toBe(true);
    expect(await reaches({}, 'https://[2606:2800::1]/')).toBe(true);
  });

  it.each(['http://example.com:443/', 'https://example.com:80/', 'http://example.com:6379/', 'http://[2606::1]:22/'])(
    'no other port is reached: %s',
    async (url) => expect(await reaches({}, url, GLOBAL)).toBe(false),
  );

  it('further ports may be opened for all hosts, but no private one', async () => {
    expect(await reaches({ ports: [8443] }, 'https://example.com:8443/', GLOBAL)).toBe(true);
    expect(await reaches({ ports: [8443] }, 'https://example.com:8443/', '10.0.0.1')).toBe(false);
  });
});

describe('an exception', () => {
  it.each([
    ['kong.internal', 'http://kong.internal/', true],
    ['kong.internal', 'http://KONG.internal./', true],
    ['Kong.Internal.', 'http://kong.internal/', true],
    ['kong.internal', 'http://kong.internal:8000/', false],
    ['kong.internal:8000', 'http://kong.internal:8000/', true],
    ['kong.internal:8000', 'http://kong.internal/', false],
    ['kong.internal:80', 'http://kong.internal/', true],
    ['kong.internal:*', 'http://kong.internal:1234/', true],
    ['kong.internal', 'http://a.kong.internal/', false],
    ['kong.internal', 'http://notkong.internal/', false],
    ['*.internal', 'http://a.b.internal/', true],
    ['*.internal', 'http://internal/', false],
    ['*.internal', 'http://notinternal/', false],
    ['bücher.internal', 'http://xn--bcher-kva.internal/', true],
    ['10.0.0.5', 'http://other.internal/', true],
    ['10.0.0.0/24:8000', 'http://other.internal:8000/', true],
    ['10.0.0.0/24:8000', 'http://other.internal:8001/', false],
    ['10.0.1.0/24', 'http://other.internal/', false],
  ])('for %s on %s: %j', async (entry, url, expected) => {
    expect(await reaches({ allow: [entry] }, url, '10.0.0.5')).toBe(expected);
  });

  it.each([
    ['[fd00::5]:8000', 'http://[fd00::5]:8000/', true],
    ['[fd00::]/8:8000', 'http://[FD00:0:0::9]:8000/', true],
    ['fd00::/8', 'http://[fd00::5]/', true],
    ['fd00::/8', 'http://[fe80::5]/', false],
    ['127.0.0.1', 'http://2130706433/', true],
    ['127.0.0.1', 'http://127.0.0.2/', false],
    ['127.0.0.1', 'http://[::ffff:127.0.0.1]/', false],
    ['169.254.169.254', 'http://169.254.169.254/', true],
    ['::ffff:10.0.0.0/104', 'http://10.0.0.1/', false],
  ])('of an address holds for its value, in its own family: %s on %s: %j', async (entry, url, expected) => {
    expect(await reaches({ allow: [entry] }, url)).toBe(expected);
  });

  it.each(['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', 'fe80::1', '0.0.0.0', '::', '224.0.0.1', 'fec0::1'])(
    'for a name does not open %s',
    async (address) => {
      expect(await reaches({ allow: ['kong.internal:*'] }, 'http://kong.internal/', address)).toBe(false);
      expect(await reaches({ allow: ['kong.internal:*'] }, 'http://kong.internal/', '10.0.0.1', address)).toBe(false);
      expect(await reaches({ allow: ['kong.internal:*', address] }, 'http://kong.internal/', address)).toBe(true);
    },
  );

  it('for one host is none for another with the same address', async () => {
    expect(await reaches({ allow: ['kong.internal'] }, 'http://other.internal/', '10.0.0.5')).toBe(false);
  });
});

describe('when only what is allowed may be reached', () => {
  const policy = { allow: ['api.example.com', '*.cdn.example.com:8443', '10.0.0.0/8'], only: true };

  it.each([
    ['https://api.example.com/', GLOBAL, true],
    ['https://API.example.com./', GLOBAL, true],
    ['https://api.example.com:8443/', GLOBAL, false],
    ['https://a.cdn.example.com:8443/', GLOBAL, true],
    ['https://example.com/', GLOBAL, false],
    ['https://example.com/', '10.1.2.3', true],
    ['https://93.184.215.14/', GLOBAL, false],
  ])('%s at %s: %j', async (url, address, expected) => {
    expect(await reaches(policy, url, address)).toBe(expected);
  });
});
