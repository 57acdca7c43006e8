import { describe, expect, it } from 'vitest';
import { digestOf, generateKeyPair, isKey, isPair, matches } from '../../../src/credential/key-pair.ts';
import { keyPair } from '../../support/builders.ts';

describe('generateKeyPair', () => {
  it('generates two different version 4 UUIDs', () => {
    const { ak, sk } = generateKeyPair();
    const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(ak).toMatch(uuid4);
    expect(sk).toMatch(uuid4);
    expect(ak).not.toBe(sk);
  });

  it('never generates the same key twice', () => {
    const keys = Array.from({ length: 1000 }, generateKeyPair).flatMap(({ ak, sk }) => [ak, sk]);
    expect(new Set(keys).size).toBe(2000);
    expect(keys.every(isKey)).toBe(true);
  });
});

describe('isPair', () => {
  const { ak, sk } = keyPair();
  it.each([
    ['two keys', ak, sk, true],
    ['the same key twice, so that the ak would reveal the sk', sk, sk, false],
    ['no ak', '', sk, false],
    ['an sk that is not a UUID', ak, 'hunter2', false],
  ])('%s', (_, first, second, expected) => {
    expect(isPair(first, second)).toBe(expected);
  });
});

describe('isKey', () => {
  const { sk } = keyPair();
  it.each([
    [sk, true],
    ['00000000-0000-0000-0000-000000000000', true],
    ['', false],
    [sk.toUpperCase(), false],
    [sk.replaceAll('-', ''), false],
    [`${sk}\n`, false],
    [`\n${sk}`, false],
    [` ${sk}`, false],
    [`${sk}0`, false],
    [sk.slice(1), false],
    [`{${sk}}`, false],
    [sk.replace('5', 'g'), false],
    [`${sk}\n${sk}`, false],
  ])('of %j is %s', (value, is) => {
    expect(isKey(value)).toBe(is);
  });
});

describe('digestOf', () => {
  it('is SHA-256', () => {
    // FIPS 180-4, the example "abc".
    expect(digestOf('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('matches', () => {
  const { sk } = keyPair();
  it.each([
    [sk, true],
    [keyPair(2).sk, false],
    [sk.toUpperCase(), false],
    [`${sk} `, false],
    ['', false],
    ['x'.repeat(200), false],
  ])('of %s is %s', (given, is) => {
    expect(matches(given, digestOf(sk))).toBe(is);
  });

  it('matches nothing with the dummy digest for an unknown ak', () => {
    expect(matches(sk, Buffer.alloc(32))).toBe(false);
    expect(matches('', Buffer.alloc(32))).toBe(false);
  });
});
