import { describe, expect, it } from 'vitest';
import { isSwapped } from '../../../../src/accesskey/model/pair-facts.ts';
import { accessKey, keyPair, known, secret } from '../../../support/builders.ts';

const main = { name: 'main' };
const { ak, sk } = keyPair();

describe('isSwapped', () => {
  it('is so when the ak that the status knows is what the Secret calls the sk', () => {
    const wrongWayRound = secret({ keys: { ak: sk, sk: ak } });
    expect(isSwapped(known({}, { accessKey: ak }), main, wrongWayRound)).toBe(true);
  });

  it.each([
    ['the Secret holds the pair that the status knows', known({}, { accessKey: ak }), secret()],
    ['it holds another pair', known({}, { accessKey: keyPair(2).ak }), secret()],
    ['the status knows no pair', accessKey(), secret()],
    ['the Secret holds no pair', known({}, { accessKey: ak }), secret({ data: { sk: undefined } })],
  ])('is not so when %s', (_, subject, record) => {
    expect(isSwapped(subject, main, record)).toBe(false);
  });
});
