import { clientAddress, normalizeAddress } from './client-address.js';
import { blocksOf, parseTrustedIp, type TrustedIp } from './trusted-ip.js';

const PROXIES = ['10.0.0.0/8', '2001:db8::/32'].map((entry) => parseTrustedIp(entry) as TrustedIp);
const trusted = blocksOf(PROXIES);

describe('clientAddress (GHSA-7x63-xv5r-3p2x)', () => {
  it.each([
    { name: 'the peer, without a header', peer: '192.0.2.1', header: undefined, client: '192.0.2.1' },
    { name: 'the peer that is no proxy, whatever it says', peer: '192.0.2.1', header: '10.9.9.9', client: '192.0.2.1' },
    { name: 'the peer that is a proxy and says nothing', peer: '10.0.0.1', header: undefined, client: '10.0.0.1' },
    { name: 'what one proxy says', peer: '10.0.0.1', header: '198.51.100.7', client: '198.51.100.7' },
    {
      name: 'the rightmost that is no proxy, behind two',
      peer: '10.0.0.1',
      header: '198.51.100.7, 10.0.0.2',
      client: '198.51.100.7',
    },
    {
      name: 'the rightmost that is no proxy, behind three',
      peer: '10.0.0.1',
      header: '198.51.100.7, 10.0.0.3,10.0.0.2',
      client: '198.51.100.7',
    },
    {
      name: 'none of what the client itself put in front',
      peer: '10.0.0.1',
      header: '127.0.0.1, 203.0.113.9, 198.51.100.7',
      client: '198.51.100.7',
    },
    { name: 'the leftmost, where all are proxies', peer: '10.0.0.1', header: '10.0.0.3, 10.0.0.2', client: '10.0.0.3' },
    {
      name: 'of several header lines, joined',
      peer: '10.0.0.1',
      header: ['203.0.113.9', '198.51.100.7, 10.0.0.2'],
      client: '198.51.100.7',
    },
    { name: 'IPv4 where the peer is IPv4-mapped', peer: '::ffff:192.0.2.1', header: undefined, client: '192.0.2.1' },
    { name: 'by a proxy that is IPv4-mapped', peer: '::ffff:10.0.0.1', header: '198.51.100.7', client: '198.51.100.7' },
    { name: 'IPv4 where a proxy says it mapped', peer: '10.0.0.1', header: '::ffff:c633:6407', client: '198.51.100.7' },
    { name: 'IPv6 in one form', peer: '2001:db8::1', header: '2001:0DB9:0:0::0001', client: '2001:db9::1' },
    { name: 'nobody, of an empty header', peer: '10.0.0.1', header: '', client: null },
    { name: 'nobody, of junk', peer: '10.0.0.1', header: 'unknown', client: null },
    { name: 'nobody, of an address with a port', peer: '10.0.0.1', header: '198.51.100.7:1234', client: null },
    { name: 'nobody, of an address in brackets', peer: '10.0.0.1', header: '[2001:db9::1]', client: null },
    { name: 'nobody, of an address with a zone', peer: '10.0.0.1', header: 'fe80::1%eth0', client: null },
    {
      name: 'nobody, of junk that the walk meets',
      peer: '10.0.0.1',
      header: '198.51.100.7, x, 10.0.0.2',
      client: null,
    },
    {
      name: 'who stands right of the junk that the client sent',
      peer: '10.0.0.1',
      header: 'junk, 198.51.100.7',
      client: '198.51.100.7',
    },
    { name: 'nobody, of a peer that is none', peer: undefined, header: '198.51.100.7', client: null },
  ])('is $name', ({ peer, header, client }) => {
    expect(clientAddress(peer, header, trusted)).toBe(client);
  });

  it('trusts nobody where no proxy is named', () => {
    expect(clientAddress('10.0.0.1', '198.51.100.7', blocksOf([]))).toBe('10.0.0.1');
  });
});

describe('normalizeAddress', () => {
  it.each(['', ' 10.0.0.1', '010.0.0.1', '10.0.0', '1', '0x7f000001', '::ffff:10.0.0.256', 'localhost', '::1%lo'])(
    'takes %j for none',
    (text) => {
      expect(normalizeAddress(text)).toBeNull();
    },
  );
});
