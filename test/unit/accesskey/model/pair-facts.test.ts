import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { isSwapped, pairFacts, pairOf, withoutEndedPrevious } from '../../../../src/accesskey/model/pair-facts.ts';
import type { SecretRecord } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, known, now, pairStatus, secret } from '../../../support/builders.ts';

const main = { name: 'main' };
const ci = { name: 'ci' };
const both = { keyPairs: [main, ci] };

function factsOf(subject: AccessKeyRecord, pair: KeyPairSpec, found: SecretRecord) {
  return pairFacts({ accessKey: subject, pair, secret: found, now });
}

describe('pairFacts', () => {
  const noted = secret({ facts: { revision: 5, generatedAt: now - 60_000 }, createdAt: at(-864_000) });

  it('are those of the status, as long as it knows this pair', () => {
    const facts = factsOf(known({}, { revision: 2, createdAt: at(-7) }), main, noted);
    expect(facts).toEqual({ revision: 2, generatedAt: now - 7000, previousValidUntil: undefined });
  });

  it('are those that are noted, when the status knows another pair or none', () => {
    const other = known({}, { accessKey: keyPair(4).ak, revision: 2, createdAt: at(-7) });
    for (const subject of [other, accessKey()]) {
      expect(factsOf(subject, main, noted)).toMatchObject({ revision: 5, generatedAt: now - 60_000 });
    }
  });

  it('are the age of the Secret and the revision of the spec, when nothing is noted', () => {
    const facts = factsOf(accessKey(), { name: 'main', revision: 3 }, { ...noted, annotations: {} });
    expect(facts).toEqual({ revision: 3, generatedAt: now - 864_000_000, previousValidUntil: undefined });
  });

  it('tell nothing of a previous pair that is not there, whatever is noted', () => {
    const subject = known({}, { previous: { accessKey: keyPair(9).ak, validUntil: at(60) } });
    const found = secret({ facts: { previousValidUntil: now + 60_000 } });
    expect(factsOf(subject, { ...main, rotation: { overlap: '1h' } }, found).previousValidUntil).toBeUndefined();
  });
});

describe('pairOf', () => {
  it.each([
    ['by the ak, whatever label and name say', { labels: { 'ghippo.io/key-pair': 'ci' }, name: 'ann-ci' }, 'main'],
    ['by the label when the ak is not known', { labels: { 'ghippo.io/key-pair': 'ci' }, keys: keyPair(7) }, 'ci'],
    ['by the name when the label is lost', { labels: {}, keys: keyPair(7), name: 'ann-ci' }, 'ci'],
    ['by the label when it is malformed', { labels: { 'ghippo.io/key-pair': 'ci' }, data: { ak: 'x' } }, 'ci'],
    [
      'none by a label that names a removed pair',
      { labels: { 'ghippo.io/key-pair': 'x' }, keys: keyPair(7) },
      undefined,
    ],
    ['none by a name that no pair wants', { labels: {}, keys: keyPair(7), name: 'x' }, undefined],
  ])('is found %s', (_, parts, name) => {
    expect(pairOf(known(both), secret(parts))?.name).toBe(name);
  });

  it('is none of a removed pair that the status still knows', () => {
    const subject = known({ keyPairs: [ci] }, {}, { name: 'ci', accessKey: keyPair(2).ak });
    expect(pairOf(subject, secret({ labels: { 'ghippo.io/key-pair': 'ci' }, name: 'ann-ci' }))).toBeUndefined();
  });

  it('is by the name that the status knows, when label and ak are lost, not of who wants the name by now', () => {
    const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'ann-ci' } }] }, {}, { name: 'ci' });
    const lost = { labels: {}, data: { ak: undefined } };
    expect(pairOf(subject, secret({ ...lost, name: 'ann-ci' }))).toBeUndefined();
    expect(pairOf(subject, secret({ ...lost, name: 'ann-main' }))?.name).toBe('main');
  });

  it('is none by the name that it moves to, when it is known to be elsewhere', () => {
    const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    expect(pairOf(subject, secret({ name: 'new', labels: {}, keys: keyPair(7) }))).toBeUndefined();
    expect(pairOf({ ...subject, status: {} }, secret({ name: 'new', labels: {}, keys: keyPair(7) }))?.name).toBe(
      'main',
    );
  });

  it('is not found by an ak of which the status knows nothing', () => {
    const keyPairs = [pairStatus({ state: 'Pending' })];
    delete keyPairs[0]?.accessKey;
    const subject = accessKey({ keyPairs: [main, ci], status: { keyPairs } });
    const broken = secret({ labels: { 'ghippo.io/key-pair': 'ci' }, data: { sk: undefined } });
    expect(pairOf(subject, broken)?.name).toBe('ci');
  });
});

describe('withoutEndedPrevious', () => {
  it('drops a previous pair at the very millisecond of its end', () => {
    const facts = { revision: 1, generatedAt: 0, previousValidUntil: now };
    expect(withoutEndedPrevious(facts, now - 1)).toEqual(facts);
    expect(withoutEndedPrevious(facts, now)).toEqual({ ...facts, previousValidUntil: undefined });
  });
});

describe('isSwapped', () => {
  const { ak, sk } = keyPair();

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
