/** What holds whatever happens, over years of a key set's life. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithms, type KeyFacts, type KeyPolicy, type KeyRequests } from '../../../../src/token/keys/facts.ts';
import { type KeyPlan, planKeys } from '../../../../src/token/keys/plan.ts';
import { now as start } from '../../../support/builders.ts';

const hour = 3_600_000;
const day = 24 * hour;

interface Step {
  /** Hours that pass before the leader looks. */
  hours: number;
  policy: KeyPolicy;
  /** Which key, by its place in the set, somebody asks to revoke or to rotate. */
  revoke?: number | undefined;
  rotate?: number | undefined;
}

interface Token {
  kid: string;
  /** Milliseconds. */
  exp: number;
}

const policy = fc.record<KeyPolicy>({
  algorithm: fc.constantFrom(...algorithms),
  rotationDays: fc.constantFrom(0, 1, 2, 7, 30),
  publishAheadHours: fc.constantFrom(1, 2, 24),
  maxCycle: fc.constantFrom(1, 3, 30),
});
const steady = policy.chain((one) =>
  fc.array(fc.record({ hours: fc.nat({ max: 100 }), policy: fc.constant(one) }), { maxLength: 60 }),
);
const eventful = fc.array(
  fc.record<Step>({
    hours: fc.oneof(fc.constant(0), fc.nat({ max: 3 }), fc.nat({ max: 100 }), fc.nat({ max: 5000 })),
    policy,
    revoke: fc.option(fc.nat({ max: 4 }), { nil: undefined, freq: 8 }),
    rotate: fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 4 }),
  }),
  { maxLength: 60 },
);

/** The life of a set: what was published when, which tokens are out, what was revoked. */
function createLife() {
  let made = 0;
  const life = {
    now: start,
    keys: [] as KeyFacts[],
    published: [] as { at: number; kids: string[] }[],
    tokens: [] as Token[],
    revoked: new Set<string>(),
    /** The first key, and one that follows a revoked one, may sign unannounced. */
    atOnce: new Set<string>(),
    /** Whether another key signs since the last step. */
    turned: false,
  };
  function carryOut({ keys, make }: KeyPlan<KeyFacts>, { algorithm, maxCycle }: KeyPolicy): KeyFacts[] {
    const fresh = make.map((state): KeyFacts => {
      const signing = state === 'active' ? { activatedAt: life.now, longestCycle: maxCycle } : {};
      return { kid: `k${made++}`, algorithm, state, createdAt: life.now, ...signing };
    });
    return [...keys, ...fresh];
  }
  function advance({ hours, policy: rules, revoke, rotate }: Step): KeyRequests {
    life.now += hours * hour;
    const kidAt = (place: number | undefined) => (place === undefined ? undefined : life.keys[place]?.kid);
    const requests = { revoke: kidAt(revoke), rotate: kidAt(rotate) };
    const before = activeOf(life.keys);
    const plan = planKeys(life.keys, rules, life.now, requests);
    if (plan) life.keys = carryOut(plan, rules);
    if (requests.revoke !== undefined) life.revoked.add(requests.revoke);
    const signer = activeOf(life.keys);
    life.turned = signer?.kid !== before?.kid;
    if (signer && (!before || before.kid === requests.revoke)) life.atOnce.add(signer.kid);
    life.published.push({ at: life.now, kids: life.keys.map(({ kid }) => kid) });
    return requests;
  }
  return { life, advance };
}

const activeOf = (keys: readonly KeyFacts[]) => keys.find(({ state }) => state === 'active');
const countOf = (keys: readonly KeyFacts[], state: string) => keys.filter((key) => key.state === state).length;

function run(
  steps: readonly Step[],
  check: (state: ReturnType<typeof createLife>, step: Step, asked: KeyRequests) => void,
) {
  const state = createLife();
  for (const step of [{ hours: 0, policy: (steps[0] ?? fallback).policy }, ...steps]) {
    const asked = state.advance(step);
    check(state, step, asked);
  }
}

const fallback: Step = {
  hours: 0,
  policy: { algorithm: 'RS256', rotationDays: 30, publishAheadHours: 24, maxCycle: 30 },
};

describe.each([
  ['a steady life', steady],
  ['a life of revocations and changes of configuration', eventful as fc.Arbitrary<Step[]>],
])('in %s', (_, lives) => {
  const always = (check: Parameters<typeof run>[1]) =>
    fc.assert(
      fc.property(lives, (steps) => run(steps, check)),
      { numRuns: 300 },
    );

  it('exactly one key signs, and exactly one is next', () => {
    always(({ life }) => {
      expect([countOf(life.keys, 'active'), countOf(life.keys, 'next')]).toEqual([1, 1]);
    });
  });

  it('the plan of a plan is nothing', () => {
    always(({ life }, step, asked) => {
      expect(planKeys(life.keys, step.policy, life.now, asked)).toBeUndefined();
    });
  });

  it('a key signs after it was published for publishAhead, the first and at-once ones excepted', () => {
    always(({ life }, step) => {
      const signer = activeOf(life.keys);
      if (!signer || !life.turned || life.atOnce.has(signer.kid)) return;
      const since = life.published.find(({ kids }) => kids.includes(signer.kid));
      expect(life.now - (since?.at ?? life.now)).toBeGreaterThanOrEqual(step.policy.publishAheadHours * hour);
    });
  });

  it('who fetched the set up to an hour ago knows the key that signs', () => {
    always(({ life }) => {
      const signer = activeOf(life.keys);
      if (!signer || life.atOnce.has(signer.kid)) return;
      const fetched = life.published.findLast(({ at }) => at <= life.now - hour);
      expect(fetched?.kids).toContain(signer.kid);
    });
  });

  it('a token verifies as long as it lives, unless its key was revoked', () => {
    always(({ life }, step) => {
      const kids = new Set(life.keys.map(({ kid }) => kid));
      life.tokens = life.tokens.filter(({ kid, exp }) => exp > life.now && !life.revoked.has(kid));
      for (const { kid } of life.tokens) expect(kids).toContain(kid);
      const signer = activeOf(life.keys);
      if (signer) life.tokens.push({ kid: signer.kid, exp: life.now + step.policy.maxCycle * day });
    });
  });

  it('a revoked key never comes back', () => {
    always(({ life }) => {
      for (const { kid } of life.keys) expect(life.revoked.has(kid)).toBe(false);
    });
  });
});

it('the set stays small: one retired key for each rotation within a cycle, and one that is in its grace', () => {
  fc.assert(
    fc.property(steady, (steps) =>
      run(steps, ({ life }, { policy: { rotationDays, maxCycle } }) => {
        const rotations = rotationDays === 0 ? 0 : Math.ceil(maxCycle / rotationDays);
        expect(countOf(life.keys, 'retired')).toBeLessThanOrEqual(rotations + 1);
      }),
    ),
    { numRuns: 300 },
  );
});
