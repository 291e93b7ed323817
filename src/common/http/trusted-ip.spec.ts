import { allowsEveryAddress, isAllowed, parseTrustedIp, type TrustedIp } from './trusted-ip.js';

const list = (...entries: string[]): TrustedIp[] => entries.map((entry) => parseTrustedIp(entry) as TrustedIp);

describe('parseTrustedIp', () => {
  it.each([
    { text: '10.1.2.3/8', entry: { ipAddress: '10.1.2.3', type: 'ipv4', prefix: 8 } },
    { text: '0.0.0.0/0', entry: { ipAddress: '0.0.0.0', type: 'ipv4', prefix: 0 } },
    { text: '192.0.2.1', entry: { ipAddress: '192.0.2.1', type: 'ipv4' } },
    { text: '2001:DB8::1/128', entry: { ipAddress: '2001:DB8::1', type: 'ipv6', prefix: 128 } },
  ])('takes $text apart, as it was sent', ({ text, entry }) => {
    expect(parseTrustedIp(text)).toEqual(entry);
  });

  it.each(['', '10.0.0', '10.0.0.1/', '10.0.0.1/33', '10.0.0.1/+8', '10.0.0.1/8/8', '::1/129', 'fe80::1%a', 'a.b'])(
    'takes %j for none',
    (text) => {
      expect(parseTrustedIp(text)).toBeNull();
    },
  );
});

describe('isAllowed', () => {
  it.each([
    { entries: ['10.0.0.0/8'], address: '10.255.255.255', isIn: true },
    { entries: ['10.1.2.3/8'], address: '10.9.9.9', isIn: true },
    { entries: ['10.0.0.0/8'], address: '11.0.0.0', isIn: false },
    { entries: ['192.0.2.1'], address: '192.0.2.1', isIn: true },
    { entries: ['192.0.2.1'], address: '192.0.2.2', isIn: false },
    { entries: ['2001:db8::/32'], address: '2001:db8:ffff::1', isIn: true },
    { entries: ['2001:db8::/32'], address: '2001:db9::1', isIn: false },
    { entries: ['::ffff:192.0.2.0/120'], address: '192.0.2.77', isIn: true },
    { entries: ['0.0.0.0/0'], address: '2001:db8::1', isIn: false },
    { entries: ['::/0'], address: '192.0.2.1', isIn: false },
    { entries: ['0.0.0.0/0', '::/0'], address: '192.0.2.1', isIn: true },
    { entries: ['0.0.0.0/0', '::/0'], address: null, isIn: true },
    { entries: ['0.0.0.0/0'], address: null, isIn: false },
    { entries: [], address: '192.0.2.1', isIn: false },
  ])('$address in $entries: $isIn', ({ entries, address, isIn }) => {
    expect(isAllowed(list(...entries), address)).toBe(isIn);
  });

  it('says nothing only where both families are open', () => {
    expect(allowsEveryAddress(list('0.0.0.0/0', '::/0'))).toBe(true);
    expect(allowsEveryAddress(list('0.0.0.0/0'))).toBe(false);
    expect(allowsEveryAddress(list('0.0.0.0/1', '128.0.0.0/1', '::/0'))).toBe(false);
  });
});
