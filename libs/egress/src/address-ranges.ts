import { BlockList, isIPv4, isIPv6 } from 'node:net';

// A list for each family: a BlockList also compares IPv4 addresses with IPv6 rules, by their mapped form.

/** IPv4 that is not global unicast: the IANA special-purpose registry (RFC 6890), multicast and reserved. */
const NOT_GLOBAL_4 = networks('ipv4', [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32', // public by its number, but the host of every Azure machine answers on it
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);

/** The only block from which global unicast IPv6 was ever given out (RFC 4291, IANA). */
const GLOBAL_6 = networks('ipv6', ['2000::/3']);

/** Inside it: Teredo and other protocol assignments, documentation, 6to4. */
const NOT_GLOBAL_6 = networks('ipv6', ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** What an exception for a name covers beyond global unicast: loopback and the private networks. */
const PRIVATE_4 = networks('ipv4', ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
const PRIVATE_6 = networks('ipv6', ['::1/128', 'fc00::/7']);

/** The metadata services of clouds (Alibaba, AWS, Google), which hand out credentials: no name is allowed to lead there. */
const METADATA_4 = networks('ipv4', ['100.100.100.200/32']);
const METADATA_6 = networks('ipv6', ['fd00:ec2::254/128', 'fd20:ce::254/128']);

/** Whether anybody on the Internet may be meant by `address`. False for whatever is no plain IP address. */
export function isGlobalUnicast(address: string): boolean {
  if (isIPv4(address)) return !NOT_GLOBAL_4.check(address, 'ipv4');
  if (!isPlainIPv6(address)) return false;
  return GLOBAL_6.check(address, 'ipv6') && !NOT_GLOBAL_6.check(address, 'ipv6') && !isIsatap(address);
}

/** Whether `address` belongs to this machine or a private network, and is not a cloud's metadata service. */
export function isPrivate(address: string): boolean {
  if (isIPv4(address)) return PRIVATE_4.check(address, 'ipv4') && !METADATA_4.check(address, 'ipv4');
  if (!isPlainIPv6(address)) return false;
  return PRIVATE_6.check(address, 'ipv6') && !METADATA_6.check(address, 'ipv6') && !isIsatap(address);
}

/** An address with a zone (`fe80::1%eth0`) is refused: BlockList does not know it, so every check would say no. */
export function isPlainIPv6(address: string): boolean {
  return isIPv6(address) && !address.includes('%');
}

/** An ISATAP address ends in 0000:5efe or 0200:5efe and an IPv4 address, under any prefix (RFC 5214). */
function isIsatap(address: string): boolean {
  // The URL parser is Node's one writer of IPv6 without IPv4 in it; it shortens only one run of zeros.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return groups[5] === '5efe' && (groups[4] === '0' || groups[4] === '200');
}

/** A BlockList of CIDRs of one family. */
export function networks(family: 'ipv4' | 'ipv6', cidrs: string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}
