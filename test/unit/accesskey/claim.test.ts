import { describe, expect, it } from 'vitest';
import { claimHolder } from '../../../src/accesskey/claim.ts';
import { accessKey, at } from '../../support/builders.ts';

const never = () => false;
const oldest = accessKey({ namespace: 'z', name: 'z', creationTimestamp: at(-30) });
const middleA = accessKey({ namespace: 'a', name: 'b', creationTimestamp: at(-20) });
const middleB = accessKey({ namespace: 'a', name: 'c', creationTimestamp: at(-20) });
const youngest = accessKey({ namespace: 'a', name: 'a', creationTimestamp: at(-10) });

describe('claimHolder', () => {
  it.each([
    ['nobody', [], undefined],
    ['the only one', [youngest], youngest],
    ['the oldest, whatever its name', [youngest, middleB, oldest, middleA], oldest],
    ['of equally old ones the first by namespace/name', [middleB, middleA], middleA],
    ['the same in any order', [middleA, middleB], middleA],
  ])('is %s', (_, claims, holder) => {
    expect(claimHolder(claims, never)).toBe(holder);
  });

  it('passes to the next when the holder stops, and back to nobody in the end', () => {
    const claims = [youngest, middleA, oldest];
    expect(claimHolder(claims, (one) => one === oldest)).toBe(middleA);
    expect(claimHolder(claims, (one) => one !== youngest)).toBe(youngest);
    expect(claimHolder(claims, () => true)).toBeUndefined();
  });

  it('does not change the order of what it was given', () => {
    const claims = [youngest, oldest];
    claimHolder(claims, never);
    expect(claims).toEqual([youngest, oldest]);
  });
});
