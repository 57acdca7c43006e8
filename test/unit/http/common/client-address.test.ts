import { describe, expect, it } from 'vitest';
import {
  createClientAddress,
  createProxyTrust,
  networkOf,
  type ProxyOptions,
} from '../../../../src/http/common/client-address.ts';

const proxies = ['10.0.0.0/8', 'fd00::/8'];

/** The client address of a request from `peer` with this header. */
function addressOf(peer: string | undefined, value?: string, options: Partial<ProxyOptions> = {}): string {
  const { trustedProxies = proxies, forwardedHeader = 'X-Forwarded-For' } = options;
  const address = createClientAddress({ trustedProxies, forwardedHeader });
  return address(peer, (name) => (name === forwardedHeader ? value : '9.9.9.9'));
}

describe('createClientAddress', () => {
  it.each(['::ffff:a00:0/104', '::ffff:10.0.0.0/104', '0:0:0:0:0:FFFF:a00:0/104'])(
    'trusts IPv4 proxies in %s',
    (cidr) => {
      const options = { trustedProxies: [cidr] };
      expect(addressOf('10.1.2.3', '192.0.2.1', options)).toBe('192.0.2.1');
      expect(addressOf('11.1.2.3', '192.0.2.1', options)).toBe('11.1.2.3');
    },
  );

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
    ['::0:ffff:0.1.2.255', '0.1.2.255'],
    ['::fffe:192.0.2.1', '::fffe:192.0.2.1'],
    ['2001:db8::ffff:192.0.2.1', '2001:db8::ffff:192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    [undefined, 'unknown'],
  ])('ignores the header of a direct client: %s is %s', (peer, address) => {
    expect(addressOf(peer, '1.2.3.4')).toBe(address);
    expect(addressOf(peer, '1.2.3.4', { trustedProxies: [] })).toBe(address);
  });

  it.each([
    ['one hop', '192.0.2.1', '192.0.2.1'],
    ['a forged hop before it', '1.1.1.1, 192.0.2.1', '192.0.2.1'],
    ['a chain of proxies', '1.1.1.1, 192.0.2.1, 10.1.1.1,10.2.2.2', '192.0.2.1'],
    ['a proxy with an IPv6 address', '192.0.2.1, fd00::7', '192.0.2.1'],
    ['proxies only', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
    ['a port', '192.0.2.1:4711', '192.0.2.1'],
    ['IPv6', '2001:db8::1', '2001:db8::1'],
    ['IPv6 with a port', '[2001:db8::1]:443', '2001:db8::1'],
    ['a mapped address', '::ffff:192.0.2.1', '192.0.2.1'],
    ['no header', undefined, '10.0.0.1'],
    ['an empty header', '', '10.0.0.1'],
    ['an empty header of the client', ' , ,10.2.2.2', '10.2.2.2'],
    ['an invalid address', '192.0.2.1, nobody', 'unknown'],
    ['an empty hop', '192.0.2.1, , 10.2.2.2', 'unknown'],
    ['an invalid address before a proxy', '192.0.2.1, unknown, 10.2.2.2', 'unknown'],
    ['an address of five parts', '1.2.3.4.5', 'unknown'],
  ])('reads the hops from right to left behind a trusted proxy: %s', (_, value, address) => {
    expect(addressOf('10.0.0.1', value)).toBe(address);
    expect(addressOf('::ffff:10.0.0.1', value)).toBe(address);
  });

  it.each([
    ['for=192.0.2.1', '192.0.2.1'],
    ['for=1.1.1.1, for=192.0.2.1;proto=https;by=10.0.0.1', '192.0.2.1'],
    ['proto=https; For="192.0.2.1:80", for=10.3.3.3', '192.0.2.1'],
    ['for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['for=_hidden', 'unknown'],
    ['for=unknown, for=10.3.3.3', 'unknown'],
    ['by="x, for=1.1.1.1"', 'unknown'],
    ['host="x;for=1.1.1.1"', 'unknown'],
    ['host=x;for=1.1.1.1;for=192.0.2.7', 'unknown'],
    ['for=192.0.2.7;', 'unknown'],
    ['xfor=1.1.1.1', 'unknown'],
    [`${'"'.repeat(15_000)}, for=192.0.2.7`, '192.0.2.7'],
    [`${'for=198.51.100.1, '.repeat(800)}for=192.0.2.7`, '192.0.2.7'],
  ])('reads Forwarded if configured: %s', (value, address) => {
    expect(addressOf('10.0.0.1', value, { forwardedHeader: 'Forwarded' })).toBe(address);
  });

  it.each([
    ['a quote that is closed by the next element', 'for=192.0.2.99;x="', '2001:db8::bad'],
    ['an escaped quote', String.raw`for=192.0.2.99;x="a\"`, '2001:db8::bad'],
    ['a quoted text that is cut', `for=1.1.1.1;x="${'a'.repeat(1100)},for=192.0.2.99;y="`, '2001:db8::bad'],
  ])('finds the address that the proxy appends to %s', (_, ofClient, address) => {
    const value = `${ofClient}, for="[${address}]"`;
    expect(addressOf('10.0.0.1', value, { forwardedHeader: 'Forwarded' })).toBe(address);
    const ofTwoProxies = `${value}, for=10.3.3.3`;
    expect(addressOf('10.0.0.1', ofTwoProxies, { forwardedHeader: 'Forwarded' })).toBe(address);
  });

  it('does not trust an IPv4 proxy in an IPv6 network', () => {
    const options = { trustedProxies: ['::/0'] };
    expect(addressOf('198.51.100.7', '192.0.2.1', options)).toBe('198.51.100.7');
    expect(addressOf('2001:db8::1', '192.0.2.1', options)).toBe('192.0.2.1');
  });
});

describe('a forwarding header', () => {
  const hops = `${'10.1.1.1,'.repeat(112)}10.1.1.1`;

  it('is read up to 1,024 characters, which bounds the cost of a request', () => {
    expect(addressOf('10.0.0.1', `9.8.7.6,${hops}`)).toBe('9.8.7.6');
    expect(addressOf('10.0.0.1', `9.8.7.6,10.1.1.1,${hops}`)).toBe('unknown');
  });

  it('does not yield a part of an address if it is longer', () => {
    // The last 1,024 characters begin with 9.8.7.6.
    expect(addressOf('10.0.0.1', `19.8.7.6,${hops}`)).toBe('unknown');
  });
});

describe('createProxyTrust', () => {
  it.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['fd00::1', true],
    ['11.1.2.3', false],
    ['fe00::1', false],
    ['unix', false],
    [undefined, false],
  ])('for %s is %s', (peer, expected) => {
    expect(createProxyTrust({ trustedProxies: proxies })(peer)).toBe(expected);
    expect(createProxyTrust({ trustedProxies: [] })(peer)).toBe(false);
  });
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['unknown', 'unknown'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::2:3:4:5:6', '1:0:0:2::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['1:2:3::4:5:192.0.2.1', '1:2:3:0::/64'],
  ])('of %s returns %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
