import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../src/accesskey/access-key-record.ts';
import { expiryOf, pairState } from '../../../src/accesskey/pair-state.ts';
import { at, now } from '../../support/builders.ts';

const ours = { ownerUID: 'u1' };

describe('pairState', () => {
  it.each<[string, Partial<KeyPairSpec>, { ownerUID: string | undefined }, boolean]>([
    ['Active', {}, ours, true],
    ['Active', { enabled: true, expiresAt: at(1) }, ours, true],
    ['Expired', { expiresAt: at(0) }, ours, true],
    ['Expired', { expiresAt: at(-1) }, ours, true],
    ['Expired', { expiresAt: 'soon' }, ours, true],
    ['Expired', { expiresAt: '' }, ours, true],
    ['Disabled', { enabled: false }, ours, true],
    ['Disabled', { enabled: false, expiresAt: at(-1) }, ours, true],
    ['Conflict', {}, ours, false],
    ['Conflict', {}, { ownerUID: 'u2' }, true],
    ['Conflict', {}, { ownerUID: undefined }, true],
    ['Conflict', { enabled: false }, ours, false],
  ])('%s: %j, Secret %j, holds the claim: %s', (state, pair, secret, holdsClaim) => {
    expect(pairState({ uid: 'u1' }, { name: 'main', ...pair }, secret, holdsClaim, now)).toBe(state);
  });

  it('is over at the very millisecond of its expiry', () => {
    const pair = { name: 'main', expiresAt: at(60) };
    expect(pairState({ uid: 'u1' }, pair, ours, true, now + 59_999)).toBe('Active');
    expect(pairState({ uid: 'u1' }, pair, ours, true, now + 60_000)).toBe('Expired');
  });
});

describe('expiryOf', () => {
  it.each([
    [undefined, Number.POSITIVE_INFINITY],
    ['2026-01-01T00:00:00Z', now],
    ['2026-01-01T02:00:00+02:00', now],
    ['2026-01-01T00:00:00.5Z', now + 500],
    ['2026-02-30T25:00:00Z', 0],
    ['tomorrow', 0],
    ['', 0],
  ])('%s: %d', (expiresAt, time) => {
    expect(expiryOf({ name: 'main', ...(expiresAt !== undefined && { expiresAt }) })).toBe(time);
  });
});
