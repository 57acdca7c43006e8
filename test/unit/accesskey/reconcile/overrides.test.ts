import { describe, expect, it } from 'vitest';
import type { PairOutcome, Write } from '../../../../src/accesskey/reconcile/outcome.ts';
import {
  afterOutcome,
  describeOverrides,
  forGeneration,
  heldFields,
  isKnownOverride,
  nextOverrideStepMs,
  noOverrides,
  type Overrides,
  onlyFor,
  withOverrides,
} from '../../../../src/accesskey/reconcile/overrides.ts';
import { conflict, failed, outcomeOf, present } from './outcomes.ts';

const label = 'metadata.labels[a]';
const rival = { field: label, manager: 'rival' };
const minute = 60_000;

const wrote = (write: Partial<Write>): PairOutcome => ({
  ...present(),
  write: { repaired: [], reverted: [], ...write },
});
const repaired = wrote({ repaired: [rival] });
const reverted = wrote({ repaired: [rival], reverted: [label] });
const none = noOverrides(1, false);

/** The state after outcomes at these times, milliseconds. */
function stateAfter(outcomes: readonly (readonly [number, PairOutcome])[], start = none): Overrides {
  return outcomes.reduce((state, [at, outcome]) => afterOutcome(state, outcome, at), start);
}
const repairedAt = (...times: number[]) => stateAfter(times.map((at) => [at, repaired] as const));
const isHeld = (state: Overrides, at: number) => heldFields(state, at).get('ann-main')?.has(label) === true;
const nothing: [number, PairOutcome] = [0, present()];

describe('a field that another client changes', () => {
  it('is overridden after five repairs, and names the field manager', () => {
    expect(describeOverrides(repairedAt(0, 1, 2, 3))).toBeUndefined();
    expect(isHeld(repairedAt(0, 1, 2, 3), 1)).toBe(false);
    expect(describeOverrides(repairedAt(0, 1, 2, 3, 4))).toBe(`Secret ann-main: field manager rival changes ${label}`);
  });

  it('is not overridden if its value lasts for ten minutes between repairs', () => {
    expect(describeOverrides(repairedAt(...[0, 1, 2, 3, 4, 5].map((n) => n * 10 * minute)))).toBeUndefined();
  });

  it('is written again with an exponential delay of at most five minutes', () => {
    let state = repairedAt(0, 0, 0, 0, 0);
    let at = 0;
    const delays: (number | undefined)[] = [];
    for (let n = 0; n < 8; n += 1) {
      const delay = nextOverrideStepMs(state, at) ?? 0;
      expect([isHeld(state, at + delay - 1), isHeld(state, at + delay)]).toEqual([true, false]);
      delays.push(delay / 1000);
      at += delay;
      state = afterOutcome(state, repaired, at);
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it('is no longer overridden once its value has lasted for ten minutes', () => {
    const state = repairedAt(0, 0, 0, 0, 0);
    expect(describeOverrides(stateAfter([[9 * minute, present()]], state))).toBeDefined();
    expect(nextOverrideStepMs(state, minute)).toBe(9 * minute);
    const ended = stateAfter([[10 * minute, present()]], state);
    expect(describeOverrides(ended)).toBeUndefined();
    expect(ended.secrets.size).toBe(0);
    expect(nextOverrideStepMs(ended, 10 * minute)).toBeUndefined();
  });

  it('is not overridden if the operator writes another value each time, or rotates the pair in between', () => {
    const times = [0, 1, 2, 3, 4, 5];
    const other = times.map((at) => [at, wrote({ repaired: [{ ...rival, value: `${at}` }] })] as const);
    expect(describeOverrides(stateAfter(other))).toBeUndefined();
    const rotated = { ...wrote({}), change: 'rotated' as const };
    const rotations = times.flatMap((at) => [[at, repaired] as const, [at, rotated] as const]);
    expect(describeOverrides(stateAfter(rotations))).toBeUndefined();
  });

  it('is called another client if no field manager is known', () => {
    const unknown = wrote({ repaired: [{ field: label }] });
    const state = stateAfter([0, 1, 2, 3, 4].map((at) => [at, unknown] as const));
    expect(describeOverrides(state)).toBe(`Secret ann-main: another client changes ${label}`);
  });

  it('is overridden after the first repair if the status reports an override from before a restart', () => {
    const state = afterOutcome(noOverrides(1, true), repaired, 0);
    expect(describeOverrides(state)).toBe(describeOverrides(repairedAt(0, 1, 2, 3, 4)));
  });
});

describe('a field that admission changes', () => {
  it('is overridden and held after one write', () => {
    const state = stateAfter([[0, reverted]]);
    expect(describeOverrides(state)).toBe(`Secret ann-main: an admission policy or webhook changes ${label}`);
    expect([isHeld(state, 9_999), isHeld(state, 10_000)]).toEqual([true, false]);
  });

  it('is no longer overridden once a write stores its value', () => {
    expect(
      describeOverrides(
        stateAfter([
          [0, reverted],
          [10_000, repaired],
        ]),
      ),
    ).toBeUndefined();
    expect(
      describeOverrides(
        stateAfter([
          [0, reverted],
          [10_000, wrote({})],
        ]),
      ),
    ).toBeUndefined();
  });

  it('stays overridden while the pair has a problem', () => {
    const type = wrote({ reverted: ['type'] });
    expect(
      describeOverrides(
        stateAfter([
          [0, type],
          [20 * minute, failed('main')],
        ]),
      ),
    ).toContain('type');
    expect(
      nextOverrideStepMs(
        stateAfter([
          [0, type],
          [20 * minute, failed('main')],
        ]),
        20 * minute,
      ),
    ).toBeUndefined();
  });
});

describe('overrides', () => {
  it('are written again at once after a change of the spec, and repairs are counted from 0', () => {
    const changed = forGeneration(stateAfter([[0, reverted]]), 2);
    expect(isHeld(changed, 0)).toBe(false);
    expect(describeOverrides(changed)).toBeDefined();
    expect(describeOverrides(stateAfter([[4, repaired]], forGeneration(repairedAt(0, 1, 2, 3), 2)))).toBeUndefined();
    expect(forGeneration(changed, 2)).toBe(changed);
  });

  it('are dropped with the Secret', () => {
    const state = repairedAt(0, 0, 0, 0, 0);
    const { secret: held } = present();
    for (const used of [
      { pairs: [present()] },
      { pairs: [], kept: [present()] },
      { pairs: [{ ...conflict('new'), ...(held && { secret: held }) }] },
    ])
      expect(onlyFor(state, used)).toEqual(state);
    expect(onlyFor(state, { pairs: [conflict('new')] }).secrets.size).toBe(0);
  });

  it('record nothing for a Secret without repairs', () => {
    expect(stateAfter([nothing, [1, wrote({})]])).toEqual(none);
  });

  it('are grouped by what changes the fields, in alphabetical order', () => {
    const write = wrote({
      repaired: [rival, { field: 'data[x]', manager: 'rival' }],
      reverted: ['data[sk]', 'data[ak]'],
    });
    expect(describeOverrides(stateAfter([0, 1, 2, 3, 4].map((at) => [at, write] as const)))).toBe(
      'Secret ann-main: an admission policy or webhook changes data[ak], data[sk]; ' +
        `Secret ann-main: field manager rival changes data[x], ${label}`,
    );
  });

  it('are known if each repaired field was overridden before the write', () => {
    const state = repairedAt(0, 0, 0, 0, 0);
    expect(isKnownOverride(state, repaired)).toBe(true);
    expect(isKnownOverride(repairedAt(0, 0, 0, 0), repaired)).toBe(false);
    expect(isKnownOverride(state, wrote({ repaired: [rival, { field: 'data[ak]' }] }))).toBe(false);
    expect(isKnownOverride(state, wrote({}))).toBe(false);
  });
});

describe('withOverrides', () => {
  const state = repairedAt(0, 0, 0, 0, 0);
  const message = describeOverrides(state);

  it('reports overrides without a problem if the pair is as the spec requires', () => {
    const outcome = outcomeOf([present()]);
    expect(withOverrides(outcome, state)).toEqual({ ...outcome, overrides: message });
    expect(withOverrides(outcome, none).overrides).toBeUndefined();
  });

  it.each<[string, PairOutcome]>([
    ['the pair could not be changed', { ...present(), overridden: true }],
    ['the Secret has no valid pair', present({ name: 'main' }, undefined, { data: { sk: 'x' } })],
  ])('reports a problem if %s', (_, outcome) => {
    expect(withOverrides(outcomeOf([outcome]), state).pairs).toMatchObject([
      { problem: { reason: 'SecretOverridden', message, stalled: true } },
    ]);
  });

  it('keeps another problem', () => {
    const outcome = { ...failed('main'), overridden: true };
    expect(withOverrides(outcomeOf([outcome]), state).pairs).toEqual([outcome]);
  });
});
