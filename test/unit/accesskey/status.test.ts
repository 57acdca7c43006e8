import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../src/accesskey/access-key-record.ts';
import type { PairOutcome } from '../../../src/accesskey/apply.ts';
import { nextExpiryMs, reasons, statusOf } from '../../../src/accesskey/status.ts';
import { KubernetesError } from '../../../src/kube/errors.ts';
import { accessKey, at, keyPair, now, secret } from '../../support/builders.ts';

const main = { name: 'main' };
const one = accessKey({ generation: 4 });
const denied = new KubernetesError(403, 'Forbidden', 'POST /x: 403 Forbidden: exceeded quota', 0);

function present(pair: KeyPairSpec = main, keys = keyPair()): PairOutcome {
  const of = accessKey({ keyPairs: [pair] });
  return { kind: 'present', pair, secret: secret({ of, keys }), change: 'none', malformed: [] };
}

const conflict = (name: string): PairOutcome => ({ kind: 'conflict', pair: { name }, secretName: `ann-${name}` });
const failed = (name: string): PairOutcome => ({
  kind: 'failed',
  pair: { name },
  secretName: `ann-${name}`,
  error: denied,
});

describe('statusOf', () => {
  it('is Ready when every pair has its Secret', () => {
    expect(statusOf(one, one.key, [present()], now)).toEqual({
      observedGeneration: 4,
      userID: one.uid,
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
          createdAt: at(-1800),
        },
      ],
    });
  });

  it('never has the sk', () => {
    expect(JSON.stringify(statusOf(one, one.key, [present()], now))).not.toContain(keyPair().sk);
  });

  it('is Ready without pairs, and has no keyPairs then', () => {
    const status = statusOf(one, one.key, [], now);
    expect(status.conditions).toMatchObject([{ type: 'Ready', status: 'True', message: 'no key pairs are wanted' }]);
    expect(status).not.toHaveProperty('keyPairs');
  });

  it('tells the state of each pair', () => {
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

  it('is Stalled when a Secret is not ours, and names all of those', () => {
    const { conditions, keyPairs, userID } = statusOf(one, one.key, [conflict('main'), conflict('ci')], now);
    const message = 'Secret ann-main, ann-ci exists and is not of this AccessKey, rename or delete it';
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

  it('is Reconciling when a Secret could not be written, and says why', () => {
    const { conditions, keyPairs } = statusOf(one, one.key, [present({ name: 'ci' }), failed('main')], now);
    expect(conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'SecretFailed' },
      { type: 'Reconciling', status: 'True', reason: 'SecretFailed' },
    ]);
    expect(conditions?.[0]?.message).toBe(`Secret ann-main could not be written: ${denied.message}`);
    expect(keyPairs).toMatchObject([
      { name: 'ci', state: 'Active' },
      { name: 'main', secretName: 'ann-main', state: 'Pending' },
    ]);
  });

  it('tells the conflict first, since only a person can mend it', () => {
    const { conditions } = statusOf(one, one.key, [failed('main'), conflict('ci')], now);
    expect(conditions?.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Ready SecretConflict',
      'Stalled SecretConflict',
    ]);
  });

  it('is Stalled when another AccessKey holds the claim, names it and gives the user no identity', () => {
    const status = statusOf(one, 'other/older', [], now);
    const message = 'user ann belongs to AccessKey other/older, delete one of the two';
    const common = { reason: 'UserClaimed', message, observedGeneration: 4, lastTransitionTime: at(0) };
    expect(status).toEqual({
      observedGeneration: 4,
      conditions: [
        { type: 'Ready', status: 'False', ...common },
        { type: 'Stalled', status: 'True', ...common },
      ],
    });
  });

  it.each([
    ['Conflict', conflict('main')],
    ['Pending', failed('main')],
  ])('remembers the ak of a pair that is %s, so that a lost Secret is told', (state, outcome) => {
    const status = statusOf(one, one.key, [present()], now);
    const later = statusOf(accessKey({ status }), one.key, [outcome], now);
    expect(later.keyPairs).toEqual([{ name: 'main', accessKey: keyPair().ak, secretName: 'ann-main', state }]);
  });

  it('says until when a pair without a Secret was to last', () => {
    const outcome = { ...conflict('main'), pair: { ...main, expiresAt: at(5) } };
    expect(statusOf(one, one.key, [outcome], now).keyPairs).toMatchObject([{ expiresAt: at(5) }]);
  });

  it('forgets a pair that is wanted no more', () => {
    const status = statusOf(one, one.key, [present(), present({ name: 'ci' }, keyPair(2))], now);
    expect(statusOf(accessKey({ status }), one.key, [present()], now).keyPairs).toHaveLength(1);
  });
});

describe('status over time', () => {
  const later = now + 90_000;
  const outcomes: [string, string, PairOutcome[]][] = [
    ['ready', one.key, [present()]],
    ['no pairs', one.key, []],
    ['conflict', one.key, [conflict('main')]],
    ['failed', one.key, [failed('main'), present({ name: 'ci' }, keyPair(2))]],
    ['claimed', 'other/older', []],
  ];

  it.each(outcomes)('stays equal while nothing changes: %s', (_, holder, pairs) => {
    const first = statusOf(one, holder, pairs, now);
    const stored = JSON.parse(JSON.stringify(first));
    expect(statusOf(accessKey({ generation: 4, status: stored }), holder, pairs, later)).toEqual(first);
  });

  it('keeps lastTransitionTime when only reason, message or generation change', () => {
    const first = statusOf(one, one.key, [conflict('main')], now);
    const second = statusOf(accessKey({ generation: 5, status: first }), 'other/older', [], later);
    expect(second.conditions).toMatchObject([
      { type: 'Ready', reason: 'UserClaimed', observedGeneration: 5, lastTransitionTime: at(0) },
      { type: 'Stalled', reason: 'UserClaimed', observedGeneration: 5, lastTransitionTime: at(0) },
    ]);
  });

  it('changes lastTransitionTime when the status of the condition does', () => {
    const first = statusOf(one, one.key, [failed('main')], now);
    const second = statusOf(accessKey({ status: first }), one.key, [present()], later);
    expect(second.conditions).toMatchObject([{ type: 'Ready', status: 'True', lastTransitionTime: at(90) }]);
  });

  it('gives each condition its own lastTransitionTime', () => {
    const first = statusOf(one, one.key, [failed('main')], now);
    const second = statusOf(accessKey({ status: first }), one.key, [conflict('main')], later);
    expect(second.conditions).toMatchObject([
      { type: 'Ready', status: 'False', lastTransitionTime: at(0) },
      { type: 'Stalled', status: 'True', lastTransitionTime: at(90) },
    ]);
  });

  it('tells times in whole seconds, as the CRD has them', () => {
    const { conditions } = statusOf(one, one.key, [], now + 999);
    expect(conditions?.[0]?.lastTransitionTime).toBe(at(0));
  });
});

describe('nextExpiryMs', () => {
  it.each<[string, KeyPairSpec[], number | undefined]>([
    ['no pairs', [], undefined],
    ['none expires', [main], undefined],
    ['one expires', [main, { name: 'ci', expiresAt: at(60) }], 60_000],
    [
      'the next of two',
      [
        { ...main, expiresAt: at(90) },
        { name: 'ci', expiresAt: at(60) },
      ],
      60_000,
    ],
    [
      'one is over already',
      [
        { ...main, expiresAt: at(-5) },
        { name: 'ci', expiresAt: at(60) },
      ],
      60_000,
    ],
    ['one ends just now', [{ ...main, expiresAt: at(0) }], undefined],
    ['one is unreadable', [{ ...main, expiresAt: 'soon' }], undefined],
    ['one is disabled', [{ ...main, enabled: false, expiresAt: at(1) }], 1_000],
  ])('%s', (_, keyPairs, milliseconds) => {
    expect(nextExpiryMs(accessKey({ keyPairs }), now)).toBe(milliseconds);
  });

  it('is undefined without spec.keyPairs', () => {
    expect(nextExpiryMs({ ...one, spec: { user: { name: 'ann' } } }, now)).toBeUndefined();
  });
});
