import { describe, expect, test } from 'vitest';
import { areNetworks, isTokenLifetime, parseList } from '../../../../src/web/keys/token-limits.ts';

describe('the limits of tokens', () => {
  test.each([
    ['10m', true],
    ['1h30m', true],
    ['72h', true],
    ['599s', false],
    ['3d', false],
    ['', false],
    ['1h ', false],
  ])('have the lifetime %j: %s', (text, expected) => expect(isTokenLifetime(text)).toBe(expected));

  test.each([
    ['10.0.0.0/8', true],
    ['192.0.2.1/32', true],
    ['0.0.0.0/0', true],
    ['2001:db8::/32', true],
    ['::/0', true],
    ['2001:db8::1/128', true],
    ['2001:db8:1:2:3:4:5:0/112', true],
    ['10.0.0.1/8', false],
    ['10.0.0.0/33', false],
    ['10.0.0.0/08', false],
    ['10.0.0.0', false],
    ['010.0.0.0/8', false],
    ['2001:db8::1/64', false],
    ['fe80::%eth0/64', false],
    ['example.org/8', false],
  ])('have the network %s: %s', (text, expected) => expect(areNetworks([text])).toBe(expected));

  test('have at most 16 different networks', () => {
    const networks = Array.from({ length: 16 }, (_, index) => `10.${index}.0.0/16`);
    expect(areNetworks(networks)).toBe(true);
    expect(areNetworks([...networks, '10.16.0.0/16'])).toBe(false);
    expect(areNetworks(['10.0.0.0/8', '10.0.0.0/8'])).toBe(false);
  });

  test('have networks on lines or with commas', () => {
    expect(parseList(' 10.0.0.0/8,\r\n2001:db8::/32  ')).toEqual(['10.0.0.0/8', '2001:db8::/32']);
    expect(parseList(' \n')).toEqual([]);
  });
});
