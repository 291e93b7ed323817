import { type BlockList, isIP } from 'node:net';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** One form for each address: IPv4-mapped IPv6 counts as IPv4 (RFC 4291 section 2.5.5.2). Null when it is none. */
export function normalizeAddress(text: string): string | null {
  const address = MAPPED.exec(text)?.[1] ?? text;
  if (isIP(address) === 0 || address.includes('%')) return null;
  return isIP(address) === 6 ? canonicalIPv6(address) : address;
}

/** The URL parser writes IPv6 in the one form of RFC 5952; a mapped address may hide in hexadecimal. */
function canonicalIPv6(address: string): string {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const [high, low] = [mapped[1], mapped[2]].map((part) => Number.parseInt(part ?? '', 16)) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Blocks of both families, apart: Node would find any IPv4 address in an IPv6 block that holds the mapped ones. */
export interface AddressBlocks {
  ipv4: BlockList;
  ipv6: BlockList;
}

/** Whether an address, as `normalizeAddress` gives it, lies in one of the blocks. */
export function isWithin({ ipv4, ipv6 }: AddressBlocks, address: string): boolean {
  return isIP(address) === 6 ? ipv6.check(address, 'ipv6') : ipv4.check(address, 'ipv4');
}

/**
 * The client's address: the socket's peer, unless the peer is a trusted proxy. Then the lines of `X-Forwarded-For`
 * are walked from the right, and the first address that is no trusted proxy is the client; when all are, the
 * leftmost. Null when the header holds junk where the walk meets it: nobody can say who the client is.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | string[] | undefined,
  trustedProxies: AddressBlocks,
): string | null {
  let address = normalizeAddress(peer ?? '');
  if (address === null || forwardedFor === undefined || !isWithin(trustedProxies, address)) return address;
  const hops = [forwardedFor].flat().join(',').split(',');
  for (const hop of hops.toReversed()) {
    address = normalizeAddress(hop.trim());
    if (address === null || !isWithin(trustedProxies, address)) return address;
  }
  return address;
}
