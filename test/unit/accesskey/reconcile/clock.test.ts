/** A clock that was ahead when a pair was made, or is set back: times to come that are too far away are not believed. */
import { describe, expect, it } from 'vitest';
import { pairFacts, withoutFuture } from '../../../../src/accesskey/model/pair-facts.ts';
import { accessKey, at, keyPair, known, now, rawSecret, secret } from '../../../support/builders.ts';
import { changes, pass, plain, planOf, settle } from './passes.ts';
import { createSecretsApi } from './secrets-api.ts';

const rotation = { interval: '2h', overlap: '1h' };
const pair = { name: 'main', rotation };
const previous = { accessKey: keyPair(9).ak, validUntil: at(90_000) };
/** Made a day from now, as the clock was then. */
const ahead = { generatedAt: now + 86_400_000, previousValidUntil: now + 90_000_000 };

describe('withoutFuture', () => {
  const facts = (seconds: number, until?: number) => ({
    ...{ revision: 1, generatedAt: now + seconds * 1000 },
    previousValidUntil: until === undefined ? undefined : now + until * 1000,
  });

  it.each([-60, 0, 300])('leaves a time alone that another replica’s clock may have: %d seconds', (seconds) => {
    expect(withoutFuture(pair, facts(seconds, 9000), now)).toEqual(facts(seconds, 9000));
  });

  it.each([
    ['and bounds the previous pair by the overlap', 90_000, 3600],
    ['and does not lengthen it', 60, 60],
    ['with no previous pair', undefined, undefined],
  ])('puts now in place of a later one %s', (_, until, bounded) => {
    expect(withoutFuture(pair, facts(301, until), now)).toEqual(facts(0, bounded));
  });

  it('ends a previous pair whose overlap the spec has no more', () => {
    expect(withoutFuture({ name: 'main' }, facts(301, 9000), now)).toEqual(facts(0, 0));
  });
});

describe('pairFacts', () => {
  it('believe the note when only the status has a time to come', () => {
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

  it('believe the status when only the note has one', () => {
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

describe('a pair that was made by a clock that was ahead', () => {
  it.each([
    ['known to the status', known({ keyPairs: [pair] }, { createdAt: at(86_400), previous })],
    ['not known to it', accessKey({ keyPairs: [pair] })],
  ])('stays and counts from now on: %s', async (_, subject) => {
    const api = createSecretsApi(rawSecret({ of: subject, previous: keyPair(9), facts: ahead }));
    expect(changes(await pass(api, subject))).toEqual(['updated']);
    const { accessKey: after } = await settle(api, subject);
    expect(plain(api.get('ann-main'))).toEqual(keyPair());
    expect(after.status.keyPairs).toMatchObject([
      { createdAt: at(0), nextRotationAt: at(7200), previous: { validUntil: at(3600) } },
    ]);
    expect(api.writes()).toEqual(['patch ann-main']);
  });

  it('has its previous pair not longer than the overlap from now', async () => {
    const subject = known({ keyPairs: [pair] }, { createdAt: at(86_400), previous });
    const api = createSecretsApi(rawSecret({ of: subject, previous: keyPair(9), facts: ahead }));
    const { accessKey: after } = await settle(api, subject);
    await settle(api, after, now + 3_600_000);
    expect(plain(api.get('ann-main'), 'previous-ak', 'previous-sk')).toEqual({ ak: '', sk: '' });
  });

  it('is rotated an interval after the clock was set, not after that clock', async () => {
    const subject = known({ keyPairs: [pair] }, { createdAt: at(86_400) });
    const api = createSecretsApi(rawSecret({ of: subject, facts: ahead }));
    const { accessKey: after } = await settle(api, subject);
    expect(planOf(after, api.watched(after), now + 7_199_999).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(planOf(after, api.watched(after), now + 7_200_000).pairs).toMatchObject([{ kind: 'rotate' }]);
  });

  it('is left as it is while the clocks differ by what two replicas’ may', async () => {
    const subject = known({ keyPairs: [pair] }, { createdAt: at(300) });
    const api = createSecretsApi(rawSecret({ of: subject, facts: { generatedAt: now + 300_000 } }));
    await settle(api, subject);
    expect(api.writes()).toEqual([]);
  });
});
