/** Invariants of key rotation over years of random events. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { algorithms, type KeyFacts, type KeyPolicy } from '../../../../src/token/keys/facts.ts';
import { type KeyPlan, type PlanInput, planKeys } from '../../../../src/token/keys/plan.ts';
import { now as start } from '../../../support/builders.ts';

const hour = 3_600_000;
const day = 24 * hour;

interface Step {
  /** Hours since the previous reconciliation. */
  hours: number;
  policy: KeyPolicy;
  /** Index of the key to revoke or rotate. */
  revoke?: number | undefined;
  rotate?: number | undefined;
}

type Requests = Pick<PlanInput, 'revoked' | 'rotate'>;

interface Token {
  kid: string;
  /** Milliseconds. */
  exp: number;
}

const policy = fc.record<KeyPolicy>({
  algorithm: fc.constantFrom(...algorithms),
  rotationDays: fc.constantFrom(0, 1, 2, 7, 30),
  publishAheadHours: fc.constantFrom(1, 2, 24),
  maxCycleDays: fc.constantFrom(1, 3, 30),
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

/** Simulates a key set: which keys were published when, which tokens are valid, which keys were revoked. */
function createSimulation() {
  let created = 0;
  const simulation = {
    now: start,
    keys: [] as KeyFacts[],
    published: [] as { at: number; kids: string[] }[],
    tokens: [] as Token[],
    revoked: new Set<string>(),
    /** Keys that may sign without being published ahead: the first key, and the successor of a revoked one. */
    unannounced: new Set<string>(),
    /** Whether the last step changed the active key. */
    rotated: false,
  };
  function apply({ keys, create }: KeyPlan<KeyFacts>, { algorithm, maxCycleDays }: KeyPolicy): KeyFacts[] {
    const added = create.map((state): KeyFacts => {
      const signing = state === 'active' ? { activatedAt: simulation.now, longestCycleDays: maxCycleDays } : {};
      return { kid: `k${created++}`, algorithm, state, createdAt: simulation.now, ...signing };
    });
    return [...keys, ...added];
  }
  function advance({ hours, policy: rules, revoke, rotate }: Step): Requests {
    simulation.now += hours * hour;
    const kidAt = (place: number | undefined) => (place === undefined ? undefined : simulation.keys[place]?.kid);
    const revokedKid = kidAt(revoke);
    if (revokedKid !== undefined) simulation.revoked.add(revokedKid);
    const requests = { revoked: simulation.revoked, rotate: kidAt(rotate) };
    const before = activeOf(simulation.keys);
    const plan = planKeys(simulation.keys, { policy: rules, now: simulation.now, ...requests });
    if (plan) simulation.keys = apply(plan, rules);
    const signer = activeOf(simulation.keys);
    simulation.rotated = signer?.kid !== before?.kid;
    if (signer && (!before || before.kid === revokedKid)) simulation.unannounced.add(signer.kid);
    simulation.published.push({ at: simulation.now, kids: simulation.keys.map(({ kid }) => kid) });
    return requests;
  }
  return { simulation, advance };
}

const activeOf = (keys: readonly KeyFacts[]) => keys.find(({ state }) => state === 'active');
const countOf = (keys: readonly KeyFacts[], state: string) => keys.filter((key) => key.state === state).length;

function run(
  steps: readonly Step[],
  check: (state: ReturnType<typeof createSimulation>, step: Step, asked: Requests) => void,
) {
  const state = createSimulation();
  for (const step of [{ hours: 0, policy: (steps[0] ?? fallback).policy }, ...steps]) {
    const asked = state.advance(step);
    check(state, step, asked);
  }
}

const fallback: Step = {
  hours: 0,
  policy: { algorithm: 'RS256', rotationDays: 30, publishAheadHours: 24, maxCycleDays: 30 },
};

describe.each([
  ['scheduled rotations only', steady],
  ['revocations, requests and configuration changes', eventful as fc.Arbitrary<Step[]>],
])('with %s', (_, histories) => {
  const always = (check: Parameters<typeof run>[1]) =>
    fc.assert(
      fc.property(histories, (steps) => run(steps, check)),
      { numRuns: 300 },
    );

  it('has exactly one active and one next key', () => {
    always(({ simulation }) => {
      expect([countOf(simulation.keys, 'active'), countOf(simulation.keys, 'next')]).toEqual([1, 1]);
    });
  });

  it('plans no change right after a plan was applied', () => {
    always(({ simulation }, step, asked) => {
      expect(planKeys(simulation.keys, { policy: step.policy, now: simulation.now, ...asked })).toBeUndefined();
    });
  });

  it('publishes a key for publishAheadHours before it signs, except the first key and successors of revoked keys', () => {
    always(({ simulation }, step) => {
      const signer = activeOf(simulation.keys);
      if (!signer || !simulation.rotated || simulation.unannounced.has(signer.kid)) return;
      const since = simulation.published.find(({ kids }) => kids.includes(signer.kid));
      expect(simulation.now - (since?.at ?? simulation.now)).toBeGreaterThanOrEqual(
        step.policy.publishAheadHours * hour,
      );
    });
  });

  it('publishes the active key for at least an hour before it signs', () => {
    always(({ simulation }) => {
      const signer = activeOf(simulation.keys);
      if (!signer || simulation.unannounced.has(signer.kid)) return;
      const fetched = simulation.published.findLast(({ at }) => at <= simulation.now - hour);
      expect(fetched?.kids).toContain(signer.kid);
    });
  });

  it('keeps the key of every valid token, unless the key was revoked', () => {
    always(({ simulation }, step) => {
      const kids = new Set(simulation.keys.map(({ kid }) => kid));
      simulation.tokens = simulation.tokens.filter(
        ({ kid, exp }) => exp > simulation.now && !simulation.revoked.has(kid),
      );
      for (const { kid } of simulation.tokens) expect(kids).toContain(kid);
      const signer = activeOf(simulation.keys);
      if (signer) simulation.tokens.push({ kid: signer.kid, exp: simulation.now + step.policy.maxCycleDays * day });
    });
  });

  it('never restores a revoked key', () => {
    always(({ simulation }) => {
      for (const { kid } of simulation.keys) expect(simulation.revoked.has(kid)).toBe(false);
    });
  });
});

it('keeps at most one retired key per rotation within a cycle, and one in its grace period', () => {
  fc.assert(
    fc.property(steady, (steps) =>
      run(steps, ({ simulation }, { policy: { rotationDays, maxCycleDays } }) => {
        const rotations = rotationDays === 0 ? 0 : Math.ceil(maxCycleDays / rotationDays);
        expect(countOf(simulation.keys, 'retired')).toBeLessThanOrEqual(rotations + 1);
      }),
    ),
    { numRuns: 300 },
  );
});
