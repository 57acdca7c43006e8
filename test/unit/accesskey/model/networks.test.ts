import { describe, expect, it } from 'vitest';
import { areWithin, createNetworks, isAddressAllowed } from '../../../../src/accesskey/model/networks.ts';

describe('createNetworks', () => {
  const networks = createNetworks(['10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32', '::1/128']);

  it.each(['10.0.0.0', '10.255.255.255', '192.0.2.7', '2001:db8::1', '2001:DB8:0:0::', '::1'])('contain %s', (one) => {
    expect(networks(one)).toBe(true);
  });

  it.each([
    '11.0.0.0',
    '192.0.2.8',
    '2001:db9::',
    '::2',
    'unknown',
    '',
    '10.0.0.1/8',
    '10.1',
    '0xa000001',
    '010.0.0.1',
  ])('do not contain %j', (one) => {
    expect(networks(one)).toBe(false);
  });

  it.each([
    ['0.0.0.0/0', '203.0.113.1', '2001:db8::1'],
    ['::/0', '2001:db8::1', '203.0.113.1'],
  ])('%s contains only addresses of its family', (cidr, address, other) => {
    expect([address, other].map(createNetworks([cidr]))).toEqual([true, false]);
  });
});

describe('isAddressAllowed', () => {
  it('allows every address without a list', () => {
    expect(isAddressAllowed(undefined, 'unknown')).toBe(true);
  });

  it('allows only the addresses of a list, also the second time', () => {
    const cidrs = ['10.0.0.0/8'];
    for (let index = 0; index < 2; index += 1) {
      expect(['10.1.2.3', '192.0.2.1', 'unknown'].map((one) => isAddressAllowed(cidrs, one))).toEqual([
        true,
        false,
        false,
      ]);
    }
  });
});

describe('areWithin', () => {
  it.each([
    [['10.1.0.0/16'], ['10.0.0.0/8'], true],
    [['10.0.0.0/8'], ['10.0.0.0/8'], true],
    [['10.0.0.0/8'], ['10.1.0.0/16'], false],
    [['10.0.0.0/7'], ['10.0.0.0/8'], false],
    [['10.1.0.0/16', '192.0.2.0/24'], ['10.0.0.0/8'], false],
    [['10.1.0.0/16', '2001:db8:1::/48'], ['2001:db8::/32', '10.0.0.0/8'], true],
    [['0.0.0.0/0'], ['::/0'], false],
    [['::/0'], ['0.0.0.0/0'], false],
  ])('%j within %j: %s', (inner, outer, expected) => {
    expect(areWithin(inner, outer)).toBe(expected);
  });
});
