import { describe, expect, it } from 'vitest';
import type { KeyFacts, KeyPolicy } from '../../../../src/token/keys/facts.ts';
import { planKeys, withoutRevoked } from '../../../../src/token/keys/plan.ts';
import { keyPolicy, now } from '../../../support/builders.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const policy = keyPolicy;

type Change = Partial<KeyFacts>;

const active = (change: Change = {}): KeyFacts => ({
  kid: 'a',
  algorithm: 'RS256',
  state: 'active',
  createdAt: now,
  activatedAt: now,
  longestCycleDays: 30,
  ...change,
});
const next = (change: Change = {}): KeyFacts => ({
  kid: 'n',
  algorithm: 'RS256',
  state: 'next',
  createdAt: now,
  ...change,
});
const retired = (change: Change = {}): KeyFacts => ({
  kid: 'r',
  algorithm: 'RS256',
  state: 'retired',
  createdAt: now - day,
  activatedAt: now - day,
  retiredAt: now,
  verifyUntil: now + 30 * day,
  ...change,
});
/** The plan of a rotation. */
const rotated = (at: number, from = active(), to = next()) => ({
  keys: [
    { ...to, state: 'active', activatedAt: at, longestCycleDays: 30 },
    { ...from, state: 'retired', retiredAt: at, verifyUntil: at + 30 * day },
  ],
  create: ['next'],
});

describe('planKeys', () => {
  it('creates an active key and a next key if there are no keys', () => {
    expect(planKeys([], { policy, now })).toEqual({ keys: [], create: ['active', 'next'] });
  });

  it('upgrades a set that was stored before keys had times', () => {
    const old: KeyFacts = { kid: 'a', algorithm: 'RS256', state: 'active' };
    expect(planKeys([{ ...old, createdAt: now - day }], { policy, now })).toEqual({
      keys: [active({ createdAt: now - day, activatedAt: now - day })],
      create: ['next'],
    });
    expect(planKeys([old], { policy, now })).toEqual({ keys: [active()], create: ['next'] });
  });

  it.each<[string, KeyFacts[], number, Partial<KeyPolicy>]>([
    ['the active key has not signed long enough', [active(), next()], 30 * day - 1, {}],
    ['the next key was not published long enough', [active(), next({ createdAt: now + 29 * day + 1 })], 30 * day, {}],
    ['scheduled rotation is off', [active(), next()], 1000 * day, { rotationDays: 0 }],
    ['tokens of a retired key may be valid', [active(), next(), retired()], 30 * day - 1, { rotationDays: 60 }],
    ['its grace period has not ended', [active(), next(), retired()], 30 * day + hour - 1, { rotationDays: 60 }],
    ['the clock goes back by five minutes', [active(), next(), retired()], -5 * minute, {}],
    ['a retired key was created in the future', [active(), next(), retired({ createdAt: now + day })], 0, {}],
    ['the keys are in another order', [retired(), next(), active()], 0, {}],
    ['a shorter cycle is configured', [active(), next()], 0, { maxCycleDays: 7 }],
  ])('changes nothing while %s', (_, keys, after, change) => {
    expect(planKeys(keys, { policy: { ...policy, ...change }, now: now + after })).toBeUndefined();
  });

  it('rotates when the active key has signed and the next key was published long enough', () => {
    expect(planKeys([active(), next()], { policy, now: now + 30 * day })).toEqual(rotated(now + 30 * day));
    const late = next({ createdAt: now + 29 * day });
    expect(planKeys([active(), late], { policy, now: now + 30 * day })).toEqual(
      rotated(now + 30 * day, active(), late),
    );
  });

  it('keeps a retired key for the longest cycle that was configured while it signed', () => {
    const [longer] = planKeys([active(), next()], { policy: { ...policy, maxCycleDays: 90 }, now })?.keys ?? [];
    expect(longer).toEqual(active({ longestCycleDays: 90 }));
    const plan = planKeys([longer ?? active(), next()], {
      policy: { ...policy, maxCycleDays: 7 },
      now: now + 30 * day,
    });
    expect(plan?.keys[1]).toMatchObject({ kid: 'a', verifyUntil: now + 120 * day });
  });

  it('removes a retired key an hour after its last token expired', () => {
    const plan = planKeys([active(), next(), retired()], {
      policy: { ...policy, rotationDays: 60 },
      now: now + 30 * day + hour,
    });
    expect(plan).toEqual({ keys: [active(), next()], create: [] });
  });

  describe('after the clock was ahead', () => {
    const years = now + 3650 * day;
    const ahead = now + 5 * minute + 1;

    it.each<[string, KeyFacts[], KeyFacts[]]>([
      ['the next key', [active(), next({ createdAt: years })], [active(), next()]],
      ['the next key, by just over five minutes', [active(), next({ createdAt: ahead })], [active(), next()]],
      ['the activation', [active({ activatedAt: years }), next()], [active(), next()]],
      ['both keys', [active({ createdAt: years, activatedAt: years }), next({ createdAt: years })], [active(), next()]],
    ])('replaces times in the future by the current time: %s', (_, keys, expected) => {
      const plan = planKeys(keys, { policy, now });
      expect(plan).toEqual({ keys: expected, create: [] });
      expect(planKeys(plan?.keys ?? [], { policy, now })).toBeUndefined();
    });

    it.each<[string, Partial<KeyPolicy>, { rotate?: string }, number]>([
      ['the schedule', {}, {}, 30],
      ['a requested rotation', { rotationDays: 0 }, { rotate: 'a' }, 1],
      ['a change of algorithm', { rotationDays: 0, algorithm: 'ES256' }, {}, 1],
    ])('rotates as if the clock had been correct: %s', (_, change, request, days) => {
      const rules = { ...policy, ...change };
      const late = [
        active({ createdAt: years, activatedAt: years }),
        next({ createdAt: years, algorithm: rules.algorithm }),
      ];
      const keys = planKeys(late, { policy: rules, now, ...request })?.keys ?? [];
      expect(planKeys(keys, { policy: rules, now: now + days * day - 1, ...request })).toBeUndefined();
      expect(planKeys(keys, { policy: rules, now: now + days * day, ...request })?.keys[0]).toMatchObject({
        kid: 'n',
        state: 'active',
      });
    });
  });

  describe('after a change of the algorithm', () => {
    const changed = { ...policy, algorithm: 'ES256' } as const;
    const es256 = next({ algorithm: 'ES256' });

    it('replaces the next key if it is older than a minute', () => {
      expect(planKeys([active(), next()], { policy: changed, now: now + minute })).toBeUndefined();
      expect(planKeys([active(), next()], { policy: changed, now: now + minute + 1 })).toEqual({
        keys: [active()],
        create: ['next'],
      });
    });

    it('limits replacements to one per minute if two processes are configured differently', () => {
      let keys = [active(), next()];
      let created = 0;
      for (let pass = 0; pass < 3000; pass += 1) {
        const rules = pass % 2 === 0 ? policy : changed;
        const at = now + pass * 100;
        const plan = planKeys(keys, { policy: rules, now: at });
        if (!plan) continue;
        created += plan.create.length;
        keys = [...plan.keys, next({ kid: `n${pass}`, algorithm: rules.algorithm, createdAt: at })];
      }
      expect(created).toBe(4);
    });

    it('rotates when the new next key was published long enough, whatever the schedule', () => {
      const byHand = { ...changed, rotationDays: 0 };
      expect(planKeys([active(), es256], { policy: byHand, now: now + day - 1 })).toBeUndefined();
      expect(planKeys([active(), es256], { policy: byHand, now: now + day })).toEqual(
        rotated(now + day, active(), es256),
      );
    });

    it('replaces the next key again if the change is reverted', () => {
      expect(planKeys([active(), es256], { policy, now: now + hour })).toEqual({ keys: [active()], create: ['next'] });
    });
  });

  describe('a request to revoke', () => {
    it('activates the next key immediately if the active key is revoked', () => {
      const plan = planKeys([active(), next(), retired()], { policy, now, revoked: new Set(['a']) });
      const [first] = rotated(now).keys;
      expect(plan).toEqual({ keys: [first, retired()], create: ['next'] });
    });

    it('activates the published next key even if its algorithm is no longer configured', () => {
      const plan = planKeys([active(), next()], {
        policy: { ...policy, algorithm: 'EdDSA' },
        now,
        revoked: new Set(['a']),
      });
      expect(plan).toEqual({ keys: [rotated(now).keys[0]], create: ['next'] });
    });

    it('creates both keys if the only key is revoked', () => {
      expect(planKeys([active()], { policy, now, revoked: new Set(['a']) })).toEqual({
        keys: [],
        create: ['active', 'next'],
      });
    });

    it('creates another next key if the next key is revoked', () => {
      expect(planKeys([active(), next()], { policy, now, revoked: new Set(['n']) })).toEqual({
        keys: [active()],
        create: ['next'],
      });
    });

    it('removes a retired key', () => {
      const plan = planKeys([active(), next(), retired()], { policy, now, revoked: new Set(['r']) });
      expect(plan).toEqual({ keys: [active(), next()], create: [] });
    });

    it.each(['unknown', '', 'A'])('has no effect for %j', (kid) => {
      expect(planKeys([active(), next()], { policy, now, revoked: new Set([kid]) })).toBeUndefined();
    });
  });

  describe('a request to rotate', () => {
    it('rotates when the next key was published long enough', () => {
      const byHand = { ...policy, rotationDays: 0 };
      expect(planKeys([active(), next()], { policy: byHand, now: now + day - 1, rotate: 'a' })).toBeUndefined();
      expect(planKeys([active(), next()], { policy: byHand, now: now + day, rotate: 'a' })).toEqual(rotated(now + day));
    });

    it.each(['n', 'r', 'unknown', ''])('has no effect for %j', (rotate) => {
      expect(planKeys([active(), next(), retired()], { policy, now: now + day, rotate })).toBeUndefined();
    });
  });
});

describe('withoutRevoked', () => {
  const keys = [active(), next(), retired()];

  it.each([[[]], [['']], [['unknown']]])('returns the same set for %j', (kids) => {
    expect(withoutRevoked(keys, new Set(kids))).toBe(keys);
  });

  it('removes the key, and activates the next key if it was the active one', () => {
    const signing = { ...next(), state: 'active', activatedAt: next().createdAt };
    expect(withoutRevoked(keys, new Set(['a']))).toEqual([signing, retired()]);
    expect(withoutRevoked(keys, new Set(['n']))).toEqual([active(), retired()]);
    expect(withoutRevoked(keys, new Set(['r']))).toEqual([active(), next()]);
  });

  it('removes the only key that could sign', () => {
    expect(withoutRevoked([active(), retired()], new Set(['a']))).toEqual([retired()]);
    expect(withoutRevoked([active()], new Set(['a']))).toEqual([]);
  });
});
