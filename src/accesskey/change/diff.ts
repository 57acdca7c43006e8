import { isDeepStrictEqual } from 'node:util';
import type { KeyPairSpec } from '../model/access-key-record.ts';

/** What a change of the list does to a key pair. */
export interface KeyPairDifference {
  action: 'created' | 'rotated' | 'disabled' | 'enabled' | 'edited' | 'deleted';
  pairName: string;
}

/** Compares two lists of key pairs; pure. @returns one entry for each key pair that differs */
export function diffKeyPairs(before: readonly KeyPairSpec[], after: readonly KeyPairSpec[]): KeyPairDifference[] {
  const find = (pairs: readonly KeyPairSpec[], name: string) => pairs.find((one) => one.name === name);
  const deleted = before.filter(({ name }) => !find(after, name));
  return [
    ...deleted.map(({ name }) => ({ action: 'deleted' as const, pairName: name })),
    ...after.flatMap((pair) => {
      const action = actionOf(find(before, pair.name), pair);
      return action === undefined ? [] : [{ action, pairName: pair.name }];
    }),
  ];
}

function actionOf(before: KeyPairSpec | undefined, after: KeyPairSpec): KeyPairDifference['action'] | undefined {
  if (!before) return 'created';
  if (isDeepStrictEqual(before, after)) return undefined;
  if ((after.revision ?? 1) > (before.revision ?? 1)) return 'rotated';
  const [wasEnabled, isEnabled] = [before.enabled !== false, after.enabled !== false];
  if (wasEnabled === isEnabled) return 'edited';
  return isEnabled ? 'enabled' : 'disabled';
}
