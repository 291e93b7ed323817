import { BlockList, isIP } from 'node:net';
import { type AddressBlocks, isWithin, normalizeAddress } from './client-address.js';

/** An entry of an allow-list as it was sent, taken apart. `prefix` is absent for a bare address. */
export interface TrustedIp {
  ipAddress: string;
  type: 'ipv4' | 'ipv6';
  prefix?: number;
}

/** Parses an IPv4 or IPv6 address or CIDR strictly (RFC 4632, RFC 4291). Host bits stay as sent. Null when it is none. */
export function parseTrustedIp(text: string): TrustedIp | null {
  const [ipAddress = '', prefix, ...rest] = text.split('/');
  const version = isIP(ipAddress);
  if (version === 0 || ipAddress.includes('%') || rest.length > 0) return null;
  const type = version === 4 ? 'ipv4' : 'ipv6';
  if (prefix === undefined) return { ipAddress, type };
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > (version === 4 ? 32 : 128)) return null;
  return { ipAddress, type, prefix: Number(prefix) };
}

/** Formats an entry of an allow-list as the address or CIDR that was sent. */
export const formatTrustedIp = ({ ipAddress, prefix }: Pick<TrustedIp, 'ipAddress' | 'prefix'>): string =>
  prefix === undefined ? ipAddress : `${ipAddress}/${prefix}`;

/** The blocks of the entries, as lists that addresses can be looked up in. */
export function blocksOf(entries: readonly TrustedIp[]): AddressBlocks {
  const blocks = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const { ipAddress, type, prefix } of entries) {
    blocks[type].addSubnet(ipAddress, prefix ?? (type === 'ipv4' ? 32 : 128), type);
    addMapped(blocks.ipv4, ipAddress, type, prefix ?? 128);
  }
  return blocks;
}

/** A block written as IPv4-mapped IPv6 means the IPv4 addresses in it, for that is how clients are seen here. */
function addMapped(ipv4: BlockList, ipAddress: string, type: 'ipv4' | 'ipv6', prefix: number): void {
  const mapped = type === 'ipv6' && prefix >= 96 ? normalizeAddress(ipAddress) : null;
  if (mapped !== null && isIP(mapped) === 4) ipv4.addSubnet(mapped, prefix - 96, 'ipv4');
}

/** Whether the list lets every address in, and so says nothing. */
export function allowsEveryAddress(entries: readonly TrustedIp[]): boolean {
  return (['ipv4', 'ipv6'] as const).every((type) =>
    entries.some((entry) => entry.type === type && entry.prefix === 0),
  );
}

/** What was made of a list, by the very list, which never changes; null where it lets every address in. */
const made = new WeakMap<readonly TrustedIp[], AddressBlocks | null>();

function narrowedTo(entries: readonly TrustedIp[]): AddressBlocks | null {
  let blocks = made.get(entries);
  if (blocks === undefined) {
    blocks = allowsEveryAddress(entries) ? null : blocksOf(entries);
    made.set(entries, blocks);
  }
  return blocks;
}

/** Whether the allow-list lets the address in. An unknown address passes only where the list says nothing. */
export function isAllowed(entries: readonly TrustedIp[], address: string | null): boolean {
  const blocks = narrowedTo(entries);
  return blocks === null || (address !== null && isWithin(blocks, address));
}
