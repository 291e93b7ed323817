import { isIPv6 } from 'node:net';
import type { RequestContext } from './request-context.js';

/**
 * Whom a budget of addresses is counted for. One host has a whole /64 of IPv6 to itself (RFC 6177): it counts as one.
 * Junk about a client counts for the peer.
 */
export function originOf({ address, peer }: Pick<RequestContext, 'address' | 'peer'>): string {
  const origin = address ?? peer ?? '';
  // An address of IPv4 has no colon: most requests are spared the parser.
  return origin.includes(':') && isIPv6(origin) ? expanded(origin).slice(0, 4).join(':') : origin;
}

/** The eight groups of an IPv6 address. */
function expanded(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  return [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
}
