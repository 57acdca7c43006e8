/** A clock that was ahead when a pair was generated, or was set back: times too far in the future are ignored. */
import { describe, expect, it } from 'vitest';
import { limitToNow, pairFacts } from '../../../../src/accesskey/model/pair-facts.ts';
import { accessKey, at, keyPair, known, now, rawSecret, secret } from '../../../support/builders.ts';
import { changes, plain, planOf, reconcileOnce, settle } from './reconciles.ts';
import { createSecretsApi } from './secrets-api.ts';

const rotation = { interval: '2h', overlap: '1h' };
const pair = { name: 'main', rotation };
const previous = { accessKey: keyPair(9).ak, validUntil: at(90_000) };
/** Generated when the clock was a day ahead. */
const ahead = { generatedAt: now + 86_400_000, previousValidUntil: now + 90_000_000 };

describe('limitToNow', () => {
  const facts = (seconds: number, until?: number) => ({
    revision: 1,
    generatedAt: now + seconds * 1000,
    previousValidUntil: until === undefined ? undefined : now + until * 1000,
  });

  it.each([-60, 0, 300])('keeps a time within the clock skew of another replica: %d seconds', (seconds) => {
    expect(limitToNow(pair, facts(seconds, 9000), now)).toEqual(facts(seconds, 9000));
  });

  it.each([
    ['and limits the previous pair to the overlap', 90_000, 3600],
    ['and does not extend the previous pair', 60, 60],
    ['without a previous pair', undefined, undefined],
  ])('replaces a future time with the current time %s', (_, until, bounded) => {
    expect(limitToNow(pair, facts(301, until), now)).toEqual(facts(0, bounded));
  });

  it('ends a previous pair whose overlap was removed from the spec', () => {
    expect(limitToNow({ name: 'main' }, facts(301, 9000), now)).toEqual(facts(0, 0));
  });
});

describe('pairFacts', () => {
  it('use the annotation if only the time in the status is in the future', () => {
    const found = secret({ facts: { generatedAt: now - 60_000 } });
    expect(
      pairFacts({
        accessKey: known({}, { createdAt: at(86_400) }),
        pair: { name: 'main' },
        secret: found,
        now,
      }),
    ).toMatchObject({
      generatedAt: now - 60_000,
    });
  });

  it('use the status if only the time in the annotation is in the future', () => {
    const found = secret({ facts: ahead });
    expect(
      pairFacts({
        accessKey: known({}, { createdAt: at(-60) }),
        pair: { name: 'main' },
        secret: found,
        now,
      }),
    ).toMatchObject({
      generatedAt: now - 60_000,
    });
  });
});

describe('a pair that was generated while the clock was ahead', () => {
  it.each([
    ['in the status', known({ keyPairs: [pair] }, { createdAt: at(86_400), previous })],
    ['not in the status', accessKey({ keyPairs: [pair] })],
  ])('stays, and its times count from now: %s', async (_, subject) => {
    const api = createSecretsApi(rawSecret({ of: subject, previous: keyPair(9), facts: ahead }));
    expect(changes(await reconcileOnce(api, subject))).toEqual(['updated']);
    const { accessKey: after } = await settle(api, subject);
    expect(plain(api.get('ann-main'))).toEqual(keyPair());
    expect(after.status.keyPairs).toMatchObject([
      { createdAt: at(0), nextRotationAt: at(7200), previous: { validUntil: at(3600) } },
    ]);
    expect(api.writes()).toEqual(['patch ann-main']);
  });

  it('keeps its previous pair for at most the overlap from now', async () => {
    const subject = known({ keyPairs: [pair] }, { createdAt: at(86_400), previous });
    const api = createSecretsApi(rawSecret({ of: subject, previous: keyPair(9), facts: ahead }));
    const { accessKey: after } = await settle(api, subject);
    await settle(api, after, now + 3_600_000);
    expect(plain(api.get('ann-main'), 'previous-ak', 'previous-sk')).toEqual({ ak: '', sk: '' });
  });

  it('is rotated an interval after the clock was corrected', async () => {
    const subject = known({ keyPairs: [pair] }, { createdAt: at(86_400) });
    const api = createSecretsApi(rawSecret({ of: subject, facts: ahead }));
    const { accessKey: after } = await settle(api, subject);
    expect(planOf(after, api.watched(after), now + 7_199_999).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(planOf(after, api.watched(after), now + 7_200_000).pairs).toMatchObject([{ kind: 'rotate' }]);
  });

  it('is not changed while the difference is within the clock skew of replicas', async () => {
    const subject = known({ keyPairs: [pair] }, { createdAt: at(300) });
    const api = createSecretsApi(rawSecret({ of: subject, facts: { generatedAt: now + 300_000 } }));
    await settle(api, subject);
    expect(api.writes()).toEqual([]);
  });
});
