import { describe, expect, it } from 'vitest';
import { connectionState, type ObservedConnection } from '../../../src/clusters/connection.ts';

const cache = (watching: boolean, ageSeconds: number) => ({ resourceVersion: '7', watching, ageSeconds });

describe('the state of a connection', () => {
  it.each<[string, ObservedConnection['works'], number, ObservedConnection['caches']]>([
    ['connecting', false, 0, []],
    ['connecting', false, 9_999, [cache(true, 1)]],
    ['unavailable', false, 10_000, [cache(true, 1)]],
    ['available', true, 0, [cache(true, 1), cache(true, 1)]],
    // A quiet cluster sends a bookmark about once a minute.
    ['available', true, 1_000_000, [cache(true, 60), cache(true, 1)]],
    // The watch has ended and is being reopened.
    ['available', true, 1_000_000, [cache(false, 9.9), cache(true, 1)]],
    ['unavailable', true, 1_000_000, [cache(false, 10), cache(true, 1)]],
    ['unavailable', true, 1_000_000, [cache(true, 1), cache(false, 300)]],
  ])('is %s if the connection works: %s, after %i ms, with the caches %j', (state, works, ageMs, caches) => {
    expect(connectionState({ works, ageMs, caches })).toBe(state);
  });
});
