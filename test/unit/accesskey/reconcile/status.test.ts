import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import type { PairOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { terminatingStatus } from '../../../../src/accesskey/reconcile/status.ts';
import { isSameStatus } from '../../../../src/accesskey/reconcile/status-writer.ts';
import { reasons } from '../../../../src/accesskey/reconcile/verdict.ts';
import { accessKey, at, keyPair, known, now, secret } from '../../../support/builders.ts';
import { conflict, denied, failed, outcomeOf, present, statusAfter, terminating } from './outcomes.ts';

const main = { name: 'main' };
const one = accessKey({ generation: 4 });

function statusOf(subject: AccessKeyRecord, holder: string | undefined, pairs: PairOutcome[], time: number) {
  return statusAfter({ accessKey: subject, userHolder: holder, outcome: outcomeOf(pairs), now: time });
}

describe('statusOf', () => {
  it('is Ready if every pair has its Secret', () => {
    expect(statusOf(one, one.key, [present()], now)).toEqual({
      observedGeneration: 4,
      userID: one.uid,
      summary: { usable: '1/1', names: 'main', accessKeys: keyPair().ak },
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KeyPairsReady',
          message: 'key pairs: main Active',
          observedGeneration: 4,
          lastTransitionTime: at(0),
        },
      ],
      keyPairs: [
        {
          name: 'main',
          accessKey: keyPair().ak,
          secretName: 'ann-main',
          state: 'Active',
          revision: 1,
          createdAt: at(-1800),
        },
      ],
    });
  });

  it('never contains the sk', () => {
    expect(JSON.stringify(statusOf(one, one.key, [present()], now))).not.toContain(keyPair().sk);
  });

  it('is Ready and has no keyPairs without pairs', () => {
    const status = statusOf(one, one.key, [], now);
    expect(status.conditions).toMatchObject([{ type: 'Ready', status: 'True', message: 'no key pairs in the spec' }]);
    expect(status).not.toHaveProperty('keyPairs');
  });

  it('contains the state of each pair', () => {
    const expired = { name: 'old', expiresAt: at(0) };
    const outcomes = [present({ ...main, enabled: false }), present(expired, keyPair(2))];
    const { keyPairs, conditions } = statusOf(one, one.key, outcomes, now);
    expect(keyPairs).toMatchObject([
      { name: 'main', state: 'Disabled' },
      { name: 'old', state: 'Expired', expiresAt: at(0) },
    ]);
    expect(keyPairs?.[0]).not.toHaveProperty('expiresAt');
    expect(conditions?.[0]?.message).toBe('key pairs: main Disabled, old Expired');
  });

  it('is Stalled and names all Secrets that do not belong to the AccessKey', () => {
    const { conditions, keyPairs, userID } = statusOf(one, one.key, [conflict('main'), conflict('ci')], now);
    const message = 'Secret ann-main is taken; Secret ann-ci is taken';
    const common = { reason: reasons.secretConflict, message, observedGeneration: 4, lastTransitionTime: at(0) };
    expect(conditions).toEqual([
      { type: 'Ready', status: 'False', ...common },
      { type: 'Stalled', status: 'True', ...common },
    ]);
    expect(keyPairs).toEqual([
      { name: 'main', secretName: 'ann-main', state: 'Conflict' },
      { name: 'ci', secretName: 'ann-ci', state: 'Conflict' },
    ]);
    expect(userID).toBe(one.uid);
  });

  it('is Reconciling with the reason if a Secret could not be written', () => {
    const { conditions, keyPairs } = statusOf(one, one.key, [present({ name: 'ci' }), failed('main')], now);
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'SecretFailed' },
      { type: 'Reconciling', status: 'True', reason: 'SecretFailed' },
    ]);
    expect(conditions?.[0]?.message).toBe('cannot read or write Secret ann-main');
    expect(keyPairs).toMatchObject([
      { name: 'ci', state: 'Active' },
      { name: 'main', secretName: 'ann-main', state: 'Pending' },
    ]);
  });

  it('reports what only a person can fix before what is retried', () => {
    const stalled = failed('ci', 'Secret ann-ci is immutable');
    const outcomes = [failed('main'), { ...stalled, problem: { ...stalled.problem, stalled: true } as never }];
    const { conditions } = statusOf(one, one.key, outcomes, now);
    expect(conditions).toMatchObject([{ message: 'Secret ann-ci is immutable' }, { type: 'Stalled' }]);
  });

  it('reports a conflict first, because only a person can fix it', () => {
    const { conditions } = statusOf(one, one.key, [failed('main'), conflict('ci')], now);
    expect(conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Ready SecretConflict',
      'Stalled SecretConflict',
    ]);
  });

  it('does not change when another AccessKey holds the user, until the spec changes', () => {
    const claimed = { ...one, status: statusOf(one, 'other/older', [], now) };
    expect(statusOf(claimed, 'other/oldest', [], now + 60_000)).toEqual(claimed.status);
    const edited = { ...claimed, generation: one.generation + 1 };
    expect(statusOf(edited, 'other/oldest', [], now).conditions?.[0]?.message).toContain('AccessKey other/oldest;');
  });

  it('is Stalled, names the other AccessKey and has no userID if that one holds the user', () => {
    const status = statusOf(one, 'other/older', [], now);
    const message = 'user ann was already held by AccessKey other/older; delete one of the two AccessKeys';
    const common = { reason: 'UserClaimed', message, observedGeneration: 4, lastTransitionTime: at(0) };
    expect(status).toEqual({
      observedGeneration: 4,
      summary: { usable: '0/0', names: '', accessKeys: '' },
      conditions: [
        { type: 'Ready', status: 'False', ...common },
        { type: 'Stalled', status: 'True', ...common },
      ],
    });
  });

  it.each([
    ['Conflict', conflict('main')],
    ['Pending', failed('main')],
  ])('keeps the ak of a pair that is %s, so that a lost Secret is recognized', (state, outcome) => {
    const status = statusOf(one, one.key, [present()], now);
    const later = statusOf(accessKey({ status }), one.key, [outcome], now);
    expect(later.keyPairs).toEqual([
      {
        name: 'main',
        accessKey: keyPair().ak,
        secretName: 'ann-main',
        state,
        revision: 1,
        createdAt: at(-1800),
      },
    ]);
  });

  it('contains the expiry of a pair without a Secret', () => {
    const outcome = { ...conflict('main'), pair: { ...main, expiresAt: at(5) } };
    expect(statusOf(one, one.key, [outcome], now).keyPairs).toMatchObject([{ expiresAt: at(5) }]);
  });

  it('drops a removed pair', () => {
    const status = statusOf(one, one.key, [present(), present({ name: 'ci' }, keyPair(2))], now);
    expect(statusOf(accessKey({ status }), one.key, [present()], now).keyPairs).toHaveLength(1);
  });
});

describe('the status of a pair', () => {
  const pairStatus = (pair: object, { subject = one, parts = {}, time = now } = {}) =>
    statusOf(subject, one.key, [present({ ...main, ...pair }, keyPair(), parts)], time).keyPairs?.[0];

  it('contains the next rotation only while the pair is live', () => {
    const rotation = { interval: '2h' };
    expect(pairStatus({ rotation })).toMatchObject({ nextRotationAt: at(5400) });
    expect(pairStatus({ rotation: { overlap: '1h' } })).not.toHaveProperty('nextRotationAt');
    expect(pairStatus({ rotation, enabled: false })).not.toHaveProperty('nextRotationAt');
    expect(pairStatus({ rotation, expiresAt: at(0) })).not.toHaveProperty('nextRotationAt');
    const suspended = accessKey({ suspended: true });
    expect(pairStatus({ rotation }, { subject: suspended })).not.toHaveProperty('nextRotationAt');
  });

  it('contains the previous pair, without its sk, exactly until the overlap ends', () => {
    const rotation = { overlap: '1h' };
    const parts = { previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } };
    const during = pairStatus({ rotation }, { parts, time: now + 59_999 });
    const previous = { accessKey: keyPair(9).ak, validUntil: at(60) };
    expect(during).toMatchObject({ state: 'Rotating', accessKey: keyPair().ak, previous });
    expect(JSON.stringify(during)).not.toContain(keyPair(9).sk);
    const after = pairStatus({ rotation }, { parts, time: now + 60_000 });
    expect(after).toMatchObject({ state: 'Active' });
    expect(after).not.toHaveProperty('previous');
  });

  it('is Disabled while the AccessKey is suspended, and the condition reports it', () => {
    const { keyPairs, conditions } = statusOf(accessKey({ suspended: true }), one.key, [present()], now);
    expect(keyPairs).toMatchObject([{ state: 'Disabled' }]);
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'True', message: 'suspended; key pairs: main Disabled' },
    ]);
  });

  it('takes revision and age from the former status, not from the annotations', () => {
    const subject = known({ keyPairs: [{ ...main, revision: 3 }] }, { revision: 3, createdAt: at(-60) });
    const forged = { facts: { revision: 9, generatedAt: 0 } };
    expect(pairStatus({ revision: 3 }, { subject, parts: forged })).toMatchObject({ revision: 3, createdAt: at(-60) });
  });

  it('takes revision and age of a new pair from the annotations', () => {
    const subject = known({}, { accessKey: keyPair(7).ak, revision: 1, createdAt: at(-60) });
    const made = { facts: { revision: 2, generatedAt: now } };
    expect(pairStatus({ revision: 2 }, { subject, parts: made })).toMatchObject({ revision: 2, createdAt: at(0) });
  });

  describe('that has no Secret, or whose user another AccessKey holds', () => {
    const previous = { accessKey: keyPair(9).ak, validUntil: at(60) };
    const spec = (overlap?: string) => [{ name: 'main', rotation: { interval: '24h', ...(overlap && { overlap }) } }];
    const situations: [string, string, PairOutcome[]][] = [
      ['no Secret', one.key, [conflict('main')]],
      ['another holder', 'other/older', []],
    ];
    const statusIn = (subject: AccessKeyRecord, holder: string, outcomes: PairOutcome[], time = now) => {
      const ofSpec = outcomes.map((outcome) => ({ ...outcome, pair: subject.spec.keyPairs?.[0] ?? main }));
      return statusOf(subject, holder, ofSpec, time).keyPairs?.[0];
    };

    it.each(situations)('keeps the previous pair until the overlap ends: %s', (_, holder, outcomes) => {
      const subject = known({ keyPairs: spec('1h') }, { previous });
      expect(statusIn(subject, holder, outcomes)).toMatchObject({ state: 'Conflict', previous });
      expect(statusIn(subject, holder, outcomes, now + 60_000)).not.toHaveProperty('previous');
    });

    it.each(situations)('records that the overlap was shortened or removed: %s', (_, holder, outcomes) => {
      const shorter = known({ keyPairs: spec('1801s') }, { previous });
      expect(statusIn(shorter, holder, outcomes)).toMatchObject({ previous: { ...previous, validUntil: at(1) } });
      const without = known({ keyPairs: spec() }, { previous });
      expect(statusIn(without, holder, outcomes)).not.toHaveProperty('previous');
    });
  });

  it('keeps the time of the last use in every state', () => {
    const subject = known({}, { lastUsedTime: at(-5) });
    expect(pairStatus({}, { subject })).toMatchObject({ lastUsedTime: at(-5) });
    for (const outcome of [conflict('main'), failed('main'), present(main, keyPair(2))]) {
      expect(statusOf(subject, one.key, [outcome], now).keyPairs).toMatchObject([{ lastUsedTime: at(-5) }]);
    }
    expect(statusOf(subject, 'other/older', [], now).keyPairs).toMatchObject([{ lastUsedTime: at(-5) }]);
  });

  it('keeps the address of the last client', () => {
    const subject = known({}, { lastUsedTime: at(-5), lastClientAddress: '192.0.2.1' });
    expect(pairStatus({}, { subject })).toMatchObject({ lastClientAddress: '192.0.2.1' });
  });

  it('keeps the last use of the previous pair, which it had before the rotation', () => {
    const rotation = { overlap: '1h' };
    const parts = { previous: keyPair(9), facts: { previousValidUntil: now + 60_000 } };
    const used = { lastUsedTime: at(-5), lastClientAddress: '192.0.2.1' };
    const previous = { accessKey: keyPair(9).ak, validUntil: at(60) };
    const rotated = known({}, { accessKey: keyPair(9).ak, ...used });
    expect(pairStatus({ rotation }, { subject: rotated, parts })?.previous).toEqual({ ...previous, ...used });
    const during = known({}, { previous: { ...previous, ...used }, lastUsedTime: at(-1) });
    expect(pairStatus({ rotation }, { subject: during, parts })).toMatchObject({
      lastUsedTime: at(-1),
      previous: { ...previous, ...used },
    });
  });

  it('names the Secret that holds the pair, not the one that it could not move to', () => {
    const held = { ...conflict('main'), secretName: 'new', secret: secret() };
    expect(statusOf(one, one.key, [held], now)).toMatchObject({
      conditions: [{ status: 'False', reason: 'SecretConflict' }, { type: 'Stalled' }],
      keyPairs: [{ secretName: 'ann-main', state: 'Active', accessKey: keyPair().ak }],
    });
  });
});

describe('the use of ServiceAccounts', () => {
  const serviceAccounts = [{ name: 'ci', lastUsedTime: at(-5) }];
  const subject = accessKey({ serviceAccounts: ['ci'], status: { serviceAccounts } });

  it('is kept while the spec names them', () => {
    expect(statusOf(subject, subject.key, [], now)).toMatchObject({
      serviceAccounts,
      summary: { lastUsedTime: at(-5) },
    });
    const other = accessKey({ serviceAccounts: ['cd'], status: { serviceAccounts } });
    expect(statusOf(other, other.key, [], now)).not.toHaveProperty('serviceAccounts');
  });

  it('is kept while the AccessKey is being deleted or does not hold its user', () => {
    expect(terminatingStatus(subject, now)).toMatchObject({ serviceAccounts });
    expect(statusOf(subject, 'other/older', [], now)).toMatchObject({ serviceAccounts });
  });
});

describe('an AccessKey that no longer holds its user', () => {
  it('keeps everything about its pairs except their state', () => {
    const subject = known({}, { lastUsedTime: at(-5), revision: 2 });
    const { keyPairs, userID } = statusOf(subject, 'other/older', [], now);
    expect(keyPairs).toEqual([{ ...subject.status.keyPairs?.[0], state: 'Conflict' }]);
    expect(userID).toBeUndefined();
  });
});

describe('a Secret that must be deleted first', () => {
  it('makes the AccessKey Reconciling', () => {
    const { conditions, keyPairs } = statusOf(one, one.key, [terminating('main')], now);
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'SecretTerminating' },
      { type: 'Reconciling', status: 'True', reason: 'SecretTerminating' },
    ]);
    expect(keyPairs).toEqual([{ name: 'main', secretName: 'ann-main', state: 'Pending' }]);
  });

  it('is reported if the API server rejected to delete it, even if all pairs are Ready', () => {
    const outcome = outcomeOf([present()], { notRemoved: [{ secretName: 'left', error: denied }] });
    const { conditions, keyPairs } = statusAfter({ accessKey: one, userHolder: one.key, outcome, now });
    const message = `cannot delete Secret left: ${denied.message}`;
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'SecretFailed', message },
      { type: 'Reconciling', status: 'True', reason: 'SecretFailed', message },
    ]);
    expect(keyPairs).toMatchObject([{ state: 'Active' }]);
  });
});

describe('the kstatus conditions', () => {
  it.each<[string, string, PairOutcome[]]>([
    ['Ready', one.key, [present()]],
    ['Ready', one.key, [present({ ...main, enabled: false })]],
    ['Stalled', one.key, [conflict('main'), failed('ci')]],
    ['Stalled', 'other/older', []],
    ['Reconciling', one.key, [failed('main')]],
    ['Reconciling', one.key, [terminating('main')]],
  ])('are Ready and at most one other with the same reason: %s', (type, holder, pairs) => {
    const { conditions = [] } = statusOf(one, holder, pairs, now);
    expect(conditions.map((found) => found.type)).toEqual(type === 'Ready' ? ['Ready'] : ['Ready', type]);
    expect(conditions[0]?.status).toBe(type === 'Ready' ? 'True' : 'False');
    expect(conditions.slice(1).every(({ status }) => status === 'True')).toBe(true);
    expect(new Set(conditions.map(({ reason }) => reason)).size).toBe(1);
    expect(conditions.every(({ observedGeneration }) => observedGeneration === 4)).toBe(true);
  });
});

describe('texts of others in conditions', () => {
  const escapes = '\u001b[31mREADY\u009b0m\u202e\u200b\u2028';
  it.each([
    ['long', 'x'.repeat(1_000_000)],
    ['of wide characters', '一'.repeat(32_768)],
    ['with sequences for the terminal', `denied\n\n  by${escapes}`],
    ['cut within a character', `x${'\ud83d\udd11'.repeat(3_000)}\ud83d`],
  ])('are in one line of bounded length: %s', (_, text) => {
    const outcome = outcomeOf([failed('main', `cannot read or write Secret ann-main: ${text}`)], { overrides: text });
    const status = statusAfter({ accessKey: one, userHolder: one.key, outcome, now });
    const claimed = statusOf(accessKey({ user: text }), 'other/older', [], now);
    const conditions = [...(status.conditions ?? []), ...(claimed.conditions ?? [])];
    expect(conditions.map(({ type }) => type)).toEqual(['Ready', 'Reconciling', 'Overridden', 'Ready', 'Stalled']);
    for (const { message } of conditions) {
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4096);
      expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(message.isWellFormed()).toBe(true);
    }
  });

  it('keep the words, with spaces in place of line breaks', () => {
    const { conditions } = statusOf(one, one.key, [failed('main', 'denied:\n\n  a: "x"\r\n\tb: 用户 🔑')], now);
    expect(conditions?.[0]?.message).toBe('denied: a: "x" b: 用户 🔑');
  });

  it('do not change the condition if only their numbers change', () => {
    const message = (count: number) => `cannot read or write Secret ann-main: used ${count}\nof 10${escapes}`;
    const attempt = (subject: AccessKeyRecord, count: number) => {
      const [outcome] = [failed('main', message(count))];
      const problem = { ...outcome.problem, stablePrefix: 'cannot read or write Secret ann-main:' } as never;
      return statusOf(subject, one.key, [{ ...outcome, problem }], now);
    };
    const first = attempt(one, 7);
    expect(attempt({ ...one, status: first }, 8)).toEqual(first);
  });
});

describe('status over time', () => {
  const later = now + 90_000;
  const overlap = { previous: keyPair(9), facts: { previousValidUntil: now + 1_800_000 } };
  const rotating = present({ ...main, rotation: { overlap: '1h' } }, keyPair(), overlap);
  const outcomes: [string, string, PairOutcome[]][] = [
    ['ready', one.key, [present()]],
    ['no pairs', one.key, []],
    ['conflict', one.key, [conflict('main')]],
    ['failed', one.key, [failed('main'), present({ name: 'ci' }, keyPair(2))]],
    ['claimed', 'other/older', []],
    ['terminating', one.key, [terminating('main')]],
    ['rotating', one.key, [rotating]],
    ['with an interval', one.key, [present({ ...main, rotation: { interval: '1h' } })]],
  ];

  it.each(outcomes)('does not change while nothing changes: %s', (_, holder, pairs) => {
    const first = statusOf(one, holder, pairs, now);
    const stored = JSON.parse(JSON.stringify(first));
    const second = statusOf(accessKey({ generation: 4, status: stored }), holder, pairs, later);
    expect(second).toEqual(first);
    expect(isSameStatus(second, stored)).toBe(true);
  });

  it('keeps lastTransitionTime if only reason, message or generation change', () => {
    const first = statusOf(one, one.key, [conflict('main')], now);
    const second = statusOf(accessKey({ generation: 5, status: first }), 'other/older', [], later);
    expect(second.conditions).toMatchObject([
      { type: 'Ready', reason: 'UserClaimed', observedGeneration: 5, lastTransitionTime: at(0) },
      { type: 'Stalled', reason: 'UserClaimed', observedGeneration: 5, lastTransitionTime: at(0) },
    ]);
  });

  it('changes lastTransitionTime with the status of the condition', () => {
    const first = statusOf(one, one.key, [failed('main')], now);
    const second = statusOf(accessKey({ status: first }), one.key, [present()], later);
    expect(second.conditions).toMatchObject([{ type: 'Ready', status: 'True', lastTransitionTime: at(90) }]);
  });

  it('has a separate lastTransitionTime for each condition', () => {
    const first = statusOf(one, one.key, [failed('main')], now);
    const second = statusOf(accessKey({ status: first }), one.key, [conflict('main')], later);
    expect(second.conditions).toMatchObject([
      { type: 'Ready', status: 'False', lastTransitionTime: at(0) },
      { type: 'Stalled', status: 'True', lastTransitionTime: at(90) },
    ]);
  });

  it('contains times in whole seconds', () => {
    const { conditions } = statusOf(one, one.key, [], now + 999);
    expect(conditions?.[0]?.lastTransitionTime).toBe(at(0));
  });
});

describe('terminatingStatus', () => {
  const previous = { accessKey: keyPair(2).ak, validUntil: at(60) };
  const subject = known({ generation: 4, deleting: true }, { previous, nextRotationAt: at(60), expiresAt: at(90) });

  it('is not Ready, and no pair is valid', () => {
    const { conditions, keyPairs, observedGeneration } = terminatingStatus(subject, now);
    const message = 'the AccessKey is being deleted; the key pairs are no longer valid';
    const common = { reason: 'Terminating', message, observedGeneration: 4, lastTransitionTime: at(0) };
    expect(conditions).toEqual([
      { type: 'Ready', status: 'False', ...common },
      { type: 'Reconciling', status: 'True', ...common },
    ]);
    const pair = { name: 'main', accessKey: keyPair().ak, secretName: 'ann-main', revision: 1, createdAt: at(-1800) };
    expect(keyPairs).toEqual([{ ...pair, state: 'Disabled', expiresAt: at(90) }]);
    expect(observedGeneration).toBe(4);
  });

  it('names the namespace if only that is being deleted', () => {
    const { conditions } = terminatingStatus({ ...subject, deleting: false }, now);
    expect(conditions?.[0]?.message).toMatch(/^the namespace is being deleted/);
  });

  it('does not change once it is written', () => {
    const status = terminatingStatus(subject, now);
    expect(terminatingStatus({ ...subject, status }, now + 60_000)).toEqual(status);
  });
});
