import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGlobalUnicast, isPrivate } from './address-ranges.js';
import { CompiledPolicy } from './policy.js';
import { checkedAddresses, parseUrl, targetOf } from './route.js';

const POLICY = new CompiledPolicy({});
const signal = new AbortController().signal;

/** What happens to a URL; a name that reaches the resolver resolves to `addresses`. */
async function outcome(url: string, addresses: string[] = []): Promise<string> {
  try {
    await checkedAddresses(targetOf(parseUrl(url)), POLICY, async () => addresses, signal);
    return 'passed';
  } catch (error) {
    return (error as Error).name;
  }
}

// First and last of every denied block, and what is right before and behind it where that is global.
const DENIED_4 = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['168.63.129.16', '168.63.129.16'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
].map(([first, last]) => [numberOf(first!), numberOf(last!)] as const);

const DENIED_6 = [
  ['::', 'every address is this one'],
  ['::1', 'loopback'],
  ['::7f00:1', 'compatible'],
  ['::808:808', 'compatible, of a public address'],
  ['::ffff:127.0.0.1', 'mapped'],
  ['::ffff:8.8.8.8', 'mapped, of a public address'],
  ['::ffff:0:127.0.0.1', 'translated'],
  ['64:ff9b::7f00:1', 'NAT64'],
  ['64:ff9b:1::a00:1', 'NAT64 of an own network'],
  ['64:ff9b:1:ffff:ffff:ffff:ffff:ffff', 'the last of it'],
  ['100::1', 'discard'],
  ['1fff:ffff::1', 'below global unicast'],
  ['2001::1', 'Teredo'],
  ['2001:0:7f00:1::', 'Teredo'],
  ['2001:10::1', 'ORCHID'],
  ['2001:20::1', 'ORCHID 2'],
  ['2001:1ff:ffff::1', 'protocol assignments'],
  ['2001:db8::1', 'documentation'],
  ['2001:db8:ffff::1', 'documentation'],
  ['2002:7f00:1::', '6to4'],
  ['2002:808:808::1', '6to4'],
  ['2606:4700::5efe:10.0.0.1', 'ISATAP'],
  ['2606:4700:0:0:200:5efe:127.0.0.1', 'ISATAP'],
  ['3fff::1', 'documentation'],
  ['3fff:fff:ffff::1', 'documentation'],
  ['4000::1', 'above global unicast'],
  ['5f00::1', 'segment routing'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'metadata of AWS'],
  ['fdff:ffff::1', 'unique local'],
  ['fe80::1', 'link-local'],
  ['febf::1', 'link-local'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'the last of all'],
];

describe('IPv4', () => {
  it('is global just outside of the denied blocks, and not at their edges', () => {
    for (const [first, last] of DENIED_4) {
      expect([dotted(first), isGlobalUnicast(dotted(first))]).toEqual([dotted(first), false]);
      expect([dotted(last), isGlobalUnicast(dotted(last))]).toEqual([dotted(last), false]);
      for (const beside of [first - 1, last + 1]) {
        if (beside >= 0 && beside < 2 ** 32)
          expect([dotted(beside), isGlobalUnicast(dotted(beside))]).toEqual([dotted(beside), true]);
      }
    }
  });

  it('is global exactly when no block has it', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        const denied = DENIED_4.some(([first, last]) => value >= first && value <= last);
        expect(isGlobalUnicast(dotted(value))).toBe(!denied);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('IPv6', () => {
  it.each(DENIED_6)('%s is not global: %s', async (address) => {
    expect(isGlobalUnicast(address)).toBe(false);
    expect(await outcome(`http://[${address}]/`)).toBe('EgressDenied');
    expect(await outcome('http://name.test/', [address])).toBe('EgressDenied');
  });

  it.each([
    '2000::1',
    '2001:200::1',
    '2001:4860:4860::8888',
    '2003::1',
    '2606:4700::1111',
    '3ffe::1',
    '2a00::5efe:0:0:1',
  ])('%s is global', (address) => expect(isGlobalUnicast(address)).toBe(true));

  it.each(['fe80::1%eth0', '2606:4700::1%eth0', '::1%1', 'localhost', '', '127.0.0.1.', '0177.0.0.1', '2130706433'])(
    'what is no plain address is neither global nor private: %j',
    (address) => expect([isGlobalUnicast(address), isPrivate(address)]).toEqual([false, false]),
  );
});

describe('a host in a URL', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0X7F.0.0.1',
    '0177.0.0.1',
    '017700000001',
    '0x7f.1',
    '00000177.1',
    '127.0.0.1.',
    '127。0。0。1',
    '127．0．0．1',
    '１２７.0.0.1',
    '①②⑦.0.0.1',
    '%31%32%37.0.0.1',
    '%6c%6fcalhost.test',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::FFFF:7F00:1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:FF9B:1::7f00:0001]',
    '[2002:7f00:0001::]',
    '[::1%25lo]',
    '[fe80::1%eth0]',
    '127.0.0.1%00.example.com',
    'example.com@127.0.0.1',
    '127.0.0.1\\@example.com',
    '127.0.0.1#@example.com',
    '127.0.0.1?@example.com',
    '0',
    '0.0.0.0',
    '1.2.3.4.5',
    '256.256.256.256',
    '127.0.0.1:80:80',
    'a..test',
    '.test',
    'localhost..',
    `${'a'.repeat(63)}.`.repeat(4),
    '',
  ])('is refused whatever its spelling: %j', async (host) => {
    expect(await outcome(`http://${host}/`, ['127.0.0.1'])).toBe('EgressDenied');
  });

  it.each([
    'ws://example.com',
    'file:///etc/passwd',
    'gopher://example.com',
    'javascript:alert(1)',
    'data:,x',
    'x',
    '//a',
  ])('is no reason to look further in %s', async (url) =>
    expect(await outcome(url, ['93.184.215.14'])).toBe('EgressDenied'),
  );

  it('is refused for every address of a denied block in every spelling', async () => {
    const address = fc.constantFrom(...DENIED_4).chain(([first, last]) => fc.integer({ min: first, max: last }));
    await fc.assert(
      fc.asyncProperty(address.chain(spelled), async (host) => {
        expect(await outcome(`http://${host}/`)).toBe('EgressDenied');
        expect(await outcome(`https://${host.toUpperCase().replaceAll('0X', '0x')}:443/`)).toBe('EgressDenied');
      }),
      { numRuns: 2_000 },
    );
  });

  it('is refused for every IPv6 address that has an IPv4 address inside', async () => {
    const groups = fc.nat(0xffffffff).map((value) => `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`);
    const shape = fc.constantFrom(
      (inside: string) => `::${inside}`,
      (inside: string) => `::ffff:${inside}`,
      (inside: string) => `::ffff:0:${inside}`,
      (inside: string) => `64:ff9b::${inside}`,
      (inside: string) => `64:ff9b:1:0:0:0:${inside}`,
      (inside: string) => `2002:${inside}::1`,
      (inside: string) => `2001:0:${inside}::1`,
      (inside: string) => `2606:4700:1:2:0:5efe:${inside}`,
      (inside: string) => `2606:4700:1:2:200:5EFE:${inside}`,
    );
    await fc.assert(
      fc.asyncProperty(groups, shape, async (inside, wrap) => {
        expect(await outcome(`http://[${wrap(inside)}]/`)).toBe('EgressDenied');
        expect(await outcome('http://name.test/', ['93.184.215.14', wrap(inside)])).toBe('EgressDenied');
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Spellings of an IPv4 address that the URL standard knows: 1 to 4 parts, each decimal, octal or hexadecimal. */
function spelled(value: number): fc.Arbitrary<string> {
  const base = fc.constantFrom(
    (part: number) => String(part),
    (part: number) => `0x${part.toString(16)}`,
    (part: number) => `0${part.toString(8)}`,
    (part: number) => `0x000${part.toString(16).toUpperCase()}`,
  );
  const dot = fc.constantFrom('.', '。', '．', '｡', '%2e');
  const end = fc.constantFrom('', '.', '。');
  return fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.array(base, { minLength: 4, maxLength: 4 }), dot, end)
    .map(([count, bases, separator, last]) => {
      const octets = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
      const parts = [...octets.slice(0, count - 1), value % 2 ** (8 * (5 - count))];
      return parts.map((part, i) => bases[i]!(part)).join(separator) + last;
    });
}

function numberOf(address: string): number {
  return address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

function dotted(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}
