import { describe, expect, it } from 'vitest';
import { connectionState, type ObservedConnection } from '../../../src/clusters/connection-state.ts';

const cache = (watching: boolean, ageSeconds: number) => ({ resourceVersion: '7', watching, ageSeconds });

describe('the state of a connection', () => {
  it.each<[string, ObservedConnection['works'], number, ObservedConnection['caches']]>([
    ['connecting', false, 0, []],
    ['connecting', false, 9_999, [cache(true, 1)]],
    ['unavailable', false, 10_000, [cache(true, 1)]],
    ['available', true, 0, [cache(true, 1), cache(true, 1)]],
    // A quiet cluster is heard about once a minute only.
    ['available', true, 1_000_000, [cache(true, 60), cache(true, 1)]],
    // A watch was ended and is opened again.
    ['available', true, 1_000_000, [cache(false, 9.9), cache(true, 1)]],
    ['unavailable', true, 1_000_000, [cache(false, 10), cache(true, 1)]],
    ['unavailable', true, 1_000_000, [cache(true, 1), cache(false, 300)]],
  ])('is %s: it works %s, begun %i ms ago', (state, works, ageMs, caches) => {
    expect(connectionState({ works, ageMs, caches })).toBe(state);
  });
});
