import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { isReplaced, pairFacts, withoutEndedPrevious } from '../../../../src/accesskey/model/pair-facts.ts';
import type { SecretRecord } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, known, now, secret } from '../../../support/builders.ts';

const main = { name: 'main' };

function factsOf(subject: AccessKeyRecord, pair: KeyPairSpec, found: SecretRecord) {
  return pairFacts({ accessKey: subject, pair, secret: found, now });
}

describe('pairFacts', () => {
  const annotated = secret({ facts: { revision: 5, generatedAt: now - 60_000 }, createdAt: at(-864_000) });

  it('come from the status if it has this pair', () => {
    const facts = factsOf(known({}, { revision: 2, createdAt: at(-7) }), main, annotated);
    expect(facts).toEqual({ revision: 2, generatedAt: now - 7000, previousValidUntil: undefined });
  });

  it('come from the annotations if the status has another pair or none', () => {
    const other = known({}, { accessKey: keyPair(4).ak, revision: 2, createdAt: at(-7) });
    for (const subject of [other, accessKey()]) {
      const raised = { ...main, revision: 6 };
      expect(factsOf(subject, raised, annotated)).toMatchObject({ revision: 5, generatedAt: now - 60_000 });
    }
  });

  it('have no higher revision than the spec and the status, because others can write the annotation', () => {
    const forged = secret({ facts: { revision: Number.MAX_SAFE_INTEGER } });
    const other = known({}, { accessKey: keyPair(4).ak, revision: 3 });
    expect(factsOf(accessKey(), main, forged).revision).toBe(1);
    expect(factsOf(accessKey(), { ...main, revision: 2 }, forged).revision).toBe(2);
    expect(factsOf(other, { ...main, revision: 2 }, forged).revision).toBe(3);
  });

  it('default to the age of the Secret and the revision of the spec', () => {
    const facts = factsOf(accessKey(), { name: 'main', revision: 3 }, { ...annotated, annotations: {} });
    expect(facts).toEqual({ revision: 3, generatedAt: now - 864_000_000, previousValidUntil: undefined });
  });

  it('contain no end for a previous pair that does not exist, whatever the annotation says', () => {
    const subject = known({}, { previous: { accessKey: keyPair(9).ak, validUntil: at(60) } });
    const found = secret({ facts: { previousValidUntil: now + 60_000 } });
    expect(factsOf(subject, { ...main, rotation: { overlap: '1h' } }, found).previousValidUntil).toBeUndefined();
  });
});

describe('withoutEndedPrevious', () => {
  it('drops a previous pair exactly when the overlap ends', () => {
    const facts = { revision: 1, generatedAt: 0, previousValidUntil: now };
    expect(withoutEndedPrevious(facts, now - 1)).toEqual(facts);
    expect(withoutEndedPrevious(facts, now)).toEqual({ ...facts, previousValidUntil: undefined });
  });
});

describe('isReplaced', () => {
  const other = { keys: keyPair(2) };
  it.each<[string, boolean, AccessKeyRecord, SecretRecord]>([
    ['another ak with the facts of the status', true, known(), secret(other)],
    ['the ak of the status', false, known(), secret()],
    ['an ak that was generated later', false, known(), secret({ ...other, facts: { generatedAt: now } })],
    ['an ak of another revision', false, known(), secret({ ...other, facts: { revision: 2 } })],
    ['an ak in another Secret', false, known({}, { secretName: 'former' }), secret(other)],
    ['a pair that is not in the status yet', false, accessKey(), secret(other)],
    ['no valid pair', false, known(), secret({ data: { sk: 'x' } })],
  ])('%s: %s', (_, expected, subject, found) => {
    expect(isReplaced({ accessKey: subject, pair: main, secret: found })).toBe(expected);
  });
});

describe('an overlap with maxOverlap', () => {
  const hour = 3600;
  const created = -10 * hour;

  /**
   * @param lastUsed hours from the rotation until the last use of the previous pair
   * @returns hours from the rotation until the end of the overlap
   */
  function endAfter(lastUsed: number | undefined, rotation: object, recorded = 4): number {
    const pair = { name: 'main', rotation };
    const use = lastUsed === undefined ? {} : { lastUsedTime: at(created + lastUsed * hour) };
    const previous = { accessKey: keyPair(9).ak, validUntil: at(created + recorded * hour), ...use };
    const subject = known({ keyPairs: [pair] }, { createdAt: at(created), previous });
    const found = secret({ of: subject, previous: keyPair(9) });
    const { previousValidUntil = 0 } = pairFacts({ accessKey: subject, pair, secret: found, now });
    return (previousValidUntil - now) / 3_600_000 - created / hour;
  }

  const rotation = { overlap: '4h', maxOverlap: '9h' };

  it.each([
    ['is not extended if the previous pair was not used', undefined, 4],
    ['is not extended by a use before the rotation', -1, 4],
    ['is not extended by a use in its first half', 2, 4],
    ['is extended by half by a use in its last half', 2.1, 6],
    ['is extended by half by a use at its end', 4, 6],
    ['is extended again by a use in the extension', 4.1, 8],
    ['is extended up to maxOverlap', 6.1, 9],
    ['is extended by a use within the tolerated difference of clocks', 10.08, 9],
    ['is not extended by a use in the future, from a clock that was ahead', 20, 4],
  ])('%s', (_, lastUsed, end) => {
    expect(endAfter(lastUsed, rotation)).toBe(end);
    expect(endAfter(lastUsed, rotation, end), 'once the end is in the status').toBe(end);
  });

  it('is not extended without maxOverlap, and ends when that is removed', () => {
    expect(endAfter(3, { overlap: '4h' })).toBe(4);
    expect(endAfter(3, { overlap: '4h' }, 6)).toBe(4);
  });

  it('uses a shorter overlap immediately', () => {
    expect(endAfter(undefined, { overlap: '1h', maxOverlap: '9h' })).toBe(1);
  });

  it('ignores the use of another pair', () => {
    const pair = { name: 'main', rotation };
    const previous = { accessKey: keyPair(8).ak, validUntil: at(0), lastUsedTime: at(created + 3 * hour) };
    // The status does not have the rotation yet.
    const subject = known({ keyPairs: [pair] }, { accessKey: keyPair(9).ak, previous });
    const facts = { generatedAt: now + created * 1000, previousValidUntil: now + (created + 4 * hour) * 1000 };
    const found = secret({ of: subject, previous: keyPair(9), facts });
    expect(pairFacts({ accessKey: subject, pair, secret: found, now })).toMatchObject(facts);
  });

  it('does not start again once the status has the pair without the previous one', () => {
    const pair = { name: 'main', rotation };
    const facts = { previousValidUntil: now + hour * 1000 };
    const found = secret({ previous: keyPair(9), facts });
    const { previousValidUntil } = pairFacts({ accessKey: known({ keyPairs: [pair] }), pair, secret: found, now });
    expect(previousValidUntil).toBeUndefined();
  });
});
