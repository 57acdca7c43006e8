import { describe, expect, it } from 'vitest';
import { defaultKeyPolicy, type KeyFacts, type KeyPolicy, type KeyRequests } from '../../../../src/token/keys/facts.ts';
import { planKeys, withoutRevoked } from '../../../../src/token/keys/plan.ts';
import { now } from '../../../support/builders.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const policy = defaultKeyPolicy;

type Change = Partial<KeyFacts>;

const active = (change: Change = {}): KeyFacts => ({
  ...{ kid: 'a', algorithm: 'RS256', state: 'active', createdAt: now, activatedAt: now, longestCycle: 30 },
  ...change,
});
const next = (change: Change = {}): KeyFacts => ({
  ...{ kid: 'n', algorithm: 'RS256', state: 'next', createdAt: now },
  ...change,
});
const retired = (change: Change = {}): KeyFacts => ({
  ...{ kid: 'r', algorithm: 'RS256', state: 'retired', createdAt: now - day, activatedAt: now - day },
  ...{ retiredAt: now, verifyUntil: now + 30 * day },
  ...change,
});
/** What a turn makes of `active` and `next` at a time. */
const turned = (at: number, from = active(), to = next()) => ({
  keys: [
    { ...to, state: 'active', activatedAt: at, longestCycle: 30 },
    { ...from, state: 'retired', retiredAt: at, verifyUntil: at + 30 * day },
  ],
  make: ['next'],
});

describe('planKeys', () => {
  it('makes a first key, which signs at once, and the next one', () => {
    expect(planKeys([], policy, now)).toEqual({ keys: [], make: ['active', 'next'] });
  });

  it('makes the next key of a set from before there were times, and keeps the active one', () => {
    const old: KeyFacts = { kid: 'a', algorithm: 'RS256', state: 'active' };
    expect(planKeys([{ ...old, createdAt: now - day }], policy, now)).toEqual({
      keys: [active({ createdAt: now - day, activatedAt: now - day })],
      make: ['next'],
    });
    expect(planKeys([old], policy, now)).toEqual({ keys: [active()], make: ['next'] });
  });

  it.each<[string, KeyFacts[], number, Partial<KeyPolicy>]>([
    ['the active key has not signed long enough', [active(), next()], 30 * day - 1, {}],
    ['the next key was not published long enough', [active(), next({ createdAt: now + 29 * day + 1 })], 30 * day, {}],
    ['rotation is by hand', [active(), next()], 1000 * day, { rotationDays: 0 }],
    ['a token of a retired key may be out', [active(), next(), retired()], 30 * day - 1, { rotationDays: 60 }],
    ['its grace has not passed', [active(), next(), retired()], 30 * day + hour - 1, { rotationDays: 60 }],
    ['the clock goes back a little', [active(), next(), retired()], -5 * minute, {}],
    ['a retired key is from the future', [active(), next(), retired({ createdAt: now + day })], 0, {}],
    ['the order is another one', [retired(), next(), active()], 0, {}],
    ['a shorter cycle is configured', [active(), next()], 0, { maxCycle: 7 }],
  ])('changes nothing while %s', (_, keys, after, change) => {
    expect(planKeys(keys, { ...policy, ...change }, now + after)).toBeUndefined();
  });

  it('turns when both times have come', () => {
    expect(planKeys([active(), next()], policy, now + 30 * day)).toEqual(turned(now + 30 * day));
    const late = next({ createdAt: now + 29 * day });
    expect(planKeys([active(), late], policy, now + 30 * day)).toEqual(turned(now + 30 * day, active(), late));
  });

  it('keeps a retired key for the longest cycle that was configured while it signed', () => {
    const [longer] = planKeys([active(), next()], { ...policy, maxCycle: 90 }, now)?.keys ?? [];
    expect(longer).toEqual(active({ longestCycle: 90 }));
    const plan = planKeys([longer ?? active(), next()], { ...policy, maxCycle: 7 }, now + 30 * day);
    expect(plan?.keys[1]).toMatchObject({ kid: 'a', verifyUntil: now + 120 * day });
  });

  it('drops a retired key an hour after its last token', () => {
    const plan = planKeys([active(), next(), retired()], { ...policy, rotationDays: 60 }, now + 30 * day + hour);
    expect(plan).toEqual({ keys: [active(), next()], make: [] });
  });

  describe('after the clock was ahead', () => {
    const years = now + 3650 * day;
    const ahead = now + 5 * minute + 1;

    it.each<[string, KeyFacts[], KeyFacts[]]>([
      ['the next key', [active(), next({ createdAt: years })], [active(), next()]],
      ['the next key, by little', [active(), next({ createdAt: ahead })], [active(), next()]],
      ['the activation', [active({ activatedAt: years }), next()], [active(), next()]],
      ['both keys', [active({ createdAt: years, activatedAt: years }), next({ createdAt: years })], [active(), next()]],
    ])('takes now for what is in the future: %s', (_, keys, expected) => {
      const plan = planKeys(keys, policy, now);
      expect(plan).toEqual({ keys: expected, make: [] });
      expect(planKeys(plan?.keys ?? [], policy, now)).toBeUndefined();
    });

    it.each<[string, Partial<KeyPolicy>, KeyRequests, number]>([
      ['the schedule', {}, {}, 30],
      ['a rotation by hand', { rotationDays: 0 }, { rotate: 'a' }, 1],
      ['a change of algorithm', { rotationDays: 0, algorithm: 'ES256' }, {}, 1],
    ])('turns as soon as without: %s', (_, change, requests, days) => {
      const rules = { ...policy, ...change };
      const late = [
        active({ createdAt: years, activatedAt: years }),
        next({ createdAt: years, algorithm: rules.algorithm }),
      ];
      const keys = planKeys(late, rules, now, requests)?.keys ?? [];
      expect(planKeys(keys, rules, now + days * day - 1, requests)).toBeUndefined();
      expect(planKeys(keys, rules, now + days * day, requests)?.keys[0]).toMatchObject({ kid: 'n', state: 'active' });
    });
  });

  describe('with another algorithm', () => {
    const changed = { ...policy, algorithm: 'ES256' } as const;
    const es256 = next({ algorithm: 'ES256' });

    it('replaces the next key when it is older than a minute', () => {
      expect(planKeys([active(), next()], changed, now + minute)).toBeUndefined();
      expect(planKeys([active(), next()], changed, now + minute + 1)).toEqual({ keys: [active()], make: ['next'] });
    });

    it('of one of two that both write, replaces once in a minute at most, however often they look', () => {
      let keys = [active(), next()];
      let made = 0;
      for (let pass = 0; pass < 3000; pass += 1) {
        const rules = pass % 2 === 0 ? policy : changed;
        const at = now + pass * 100;
        const plan = planKeys(keys, rules, at);
        if (!plan) continue;
        made += plan.make.length;
        keys = [...plan.keys, next({ kid: `n${pass}`, algorithm: rules.algorithm, createdAt: at })];
      }
      expect(made).toBe(4);
    });

    it('turns when the new one was published long enough, whatever the schedule', () => {
      const byHand = { ...changed, rotationDays: 0 };
      expect(planKeys([active(), es256], byHand, now + day - 1)).toBeUndefined();
      expect(planKeys([active(), es256], byHand, now + day)).toEqual(turned(now + day, active(), es256));
    });

    it('that is taken back, replaces the next key again', () => {
      expect(planKeys([active(), es256], policy, now + hour)).toEqual({ keys: [active()], make: ['next'] });
    });
  });

  describe('asked to revoke', () => {
    it('the active key, lets the next one sign at once', () => {
      const plan = planKeys([active(), next(), retired()], policy, now, { revoke: 'a' });
      const [first] = turned(now).keys;
      expect(plan).toEqual({ keys: [first, retired()], make: ['next'] });
    });

    it('the active key, takes the published next one though it is of a former algorithm', () => {
      const plan = planKeys([active(), next()], { ...policy, algorithm: 'EdDSA' }, now, { revoke: 'a' });
      expect(plan).toEqual({ keys: [turned(now).keys[0]], make: ['next'] });
    });

    it('the only key, makes both', () => {
      expect(planKeys([active()], policy, now, { revoke: 'a' })).toEqual({ keys: [], make: ['active', 'next'] });
    });

    it('the next key, makes another', () => {
      expect(planKeys([active(), next()], policy, now, { revoke: 'n' })).toEqual({ keys: [active()], make: ['next'] });
    });

    it('a retired key, drops it', () => {
      const plan = planKeys([active(), next(), retired()], policy, now, { revoke: 'r' });
      expect(plan).toEqual({ keys: [active(), next()], make: [] });
    });

    it.each(['unknown', '', 'A'])('%j, does nothing', (revoke) => {
      expect(planKeys([active(), next()], policy, now, { revoke })).toBeUndefined();
    });
  });

  describe('asked to rotate', () => {
    it('the active key, turns when the next one was published long enough', () => {
      const byHand = { ...policy, rotationDays: 0 };
      expect(planKeys([active(), next()], byHand, now + day - 1, { rotate: 'a' })).toBeUndefined();
      expect(planKeys([active(), next()], byHand, now + day, { rotate: 'a' })).toEqual(turned(now + day));
    });

    it.each(['n', 'r', 'unknown', ''])('%j, does nothing', (rotate) => {
      expect(planKeys([active(), next(), retired()], policy, now + day, { rotate })).toBeUndefined();
    });
  });
});

describe('withoutRevoked', () => {
  const keys = [active(), next(), retired()];

  it.each([undefined, '', 'unknown'])('leaves the set alone for %j', (kid) => {
    expect(withoutRevoked(keys, kid)).toBe(keys);
  });

  it('drops a key, and lets the next one sign in place of the active one', () => {
    const signing = { ...next(), state: 'active', activatedAt: next().createdAt };
    expect(withoutRevoked(keys, 'a')).toEqual([signing, retired()]);
    expect(withoutRevoked(keys, 'n')).toEqual([active(), retired()]);
    expect(withoutRevoked(keys, 'r')).toEqual([active(), next()]);
  });

  it('drops the only key that could sign, too', () => {
    expect(withoutRevoked([active(), retired()], 'a')).toEqual([retired()]);
    expect(withoutRevoked([active()], 'a')).toEqual([]);
  });
});
