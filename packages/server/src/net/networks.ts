/** Sets of networks, and the network an address belongs to when strangers are counted. */

import { BlockList, isIP } from 'node:net';

export interface Networks {
  has(address: string): boolean;
}

/** From addresses and CIDR blocks, e.g. `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`. */
export function createNetworks(blocks: readonly string[]): Networks {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', bits] = block.split('/');
    const version = isIP(address);
    const prefix = bits === undefined ? (version === 6 ? 128 : 32) : Number(bits);
    if (version === 0 || !Number.isInteger(prefix) || prefix < 0) {
      throw new RangeError(`"${block}" is no network; write e.g. 10.0.0.0/8`);
    }
    list.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  }
  return {
    has(address) {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/** What one party usually has for itself: an IPv4 address, an IPv6 /64. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = '', right] = (address.split('%')[0] ?? '').split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  const first = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '').toLowerCase());
  return `${first.join(':')}::/64`;
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
