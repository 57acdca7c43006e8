import { describe, expect, it } from 'vitest';
import { isSwapped, pairOf } from '../../../../src/accesskey/model/pair-of.ts';
import { accessKey, keyPair, known, pairStatus, secret } from '../../../support/builders.ts';

const main = { name: 'main' };
const ci = { name: 'ci' };
const both = { keyPairs: [main, ci] };

describe('pairOf', () => {
  it.each([
    ['by the ak, whatever label and name say', { labels: { 'ghippo.io/key-pair': 'ci' }, name: 'ann-ci' }, 'main'],
    ['by the label if the ak is unknown', { labels: { 'ghippo.io/key-pair': 'ci' }, keys: keyPair(7) }, 'ci'],
    ['by the name if the label is lost', { labels: {}, keys: keyPair(7), name: 'ann-ci' }, 'ci'],
    ['by the label if the ak is invalid', { labels: { 'ghippo.io/key-pair': 'ci' }, data: { ak: 'x' } }, 'ci'],
    [
      'no pair by a label that names a removed pair',
      { labels: { 'ghippo.io/key-pair': 'x' }, keys: keyPair(7) },
      undefined,
    ],
    ['no pair by a name that is not in the spec', { labels: {}, keys: keyPair(7), name: 'x' }, undefined],
  ])('finds %s', (_, parts, name) => {
    expect(pairOf(known(both), secret(parts))?.name).toBe(name);
  });

  it('finds the pair by the ak even if wrong annotations name it as the sk', () => {
    const { ak, sk } = keyPair();
    const swapped = secret({ labels: {}, name: 'ann-ci', keys: { ak: sk, sk: ak } });
    expect(pairOf(known({ keyPairs: [{ ...main, secret: { name: 'new' } }, ci] }), swapped)?.name).toBe('main');
  });

  it('finds no pair for the Secret of a removed pair that is still in the status', () => {
    const subject = known({ keyPairs: [ci] }, {}, { name: 'ci', accessKey: keyPair(2).ak });
    expect(pairOf(subject, secret({ labels: { 'ghippo.io/key-pair': 'ci' }, name: 'ann-ci' }))).toBeUndefined();
  });

  it('prefers the Secret name in the status to the one in the spec if label and ak are lost', () => {
    const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'ann-ci' } }] }, {}, { name: 'ci' });
    const lost = { labels: {}, data: { ak: undefined } };
    expect(pairOf(subject, secret({ ...lost, name: 'ann-ci' }))).toBeUndefined();
    expect(pairOf(subject, secret({ ...lost, name: 'ann-main' }))?.name).toBe('main');
  });

  it('ignores the wanted name of a pair whose Secret is known', () => {
    const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    expect(pairOf(subject, secret({ name: 'new', labels: {}, keys: keyPair(7) }))).toBeUndefined();
    expect(pairOf({ ...subject, status: {} }, secret({ name: 'new', labels: {}, keys: keyPair(7) }))?.name).toBe(
      'main',
    );
  });

  it('does not match an absent ak with a status without ak', () => {
    const keyPairs = [pairStatus({ state: 'Pending' })];
    delete keyPairs[0]?.accessKey;
    const subject = accessKey({ keyPairs: [main, ci], status: { keyPairs } });
    const broken = secret({ labels: { 'ghippo.io/key-pair': 'ci' }, data: { sk: undefined } });
    expect(pairOf(subject, broken)?.name).toBe('ci');
  });
});

describe('isSwapped', () => {
  const { ak, sk } = keyPair();

  it('is true if the ak in the status is the sk in the Secret', () => {
    const swapped = secret({ keys: { ak: sk, sk: ak } });
    expect(isSwapped({ accessKey: known({}, { accessKey: ak }), pair: main, secret: swapped })).toBe(true);
  });

  it.each([
    ['the Secret holds the pair in the status', known({}, { accessKey: ak }), secret()],
    ['it holds another pair', known({}, { accessKey: keyPair(2).ak }), secret()],
    ['the status has no pair', accessKey(), secret()],
    ['the Secret holds no pair', known({}, { accessKey: ak }), secret({ data: { sk: undefined } })],
  ])('is false if %s', (_, subject, record) => {
    expect(isSwapped({ accessKey: subject, pair: main, secret: record })).toBe(false);
  });
});
