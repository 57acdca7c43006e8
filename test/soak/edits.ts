import { setTimeout as sleep } from 'node:timers/promises';
import type { RawObject } from '../../src/kube/raw-object.ts';
import { createRandom } from '../faults/support/random.ts';
import { collectionOf, manifestOf, nameOf, numbersOf, secretPathOf } from './population.ts';
import type { SoakPlatform } from './soak-platform.ts';

const editIntervalMs = 500;

interface EditedPair {
  name: string;
  revision?: number;
  enabled?: boolean;
}

/** Edits, deletes and creates AccessKeys at random. Each edit waits while the API server does not respond. */
export async function editAccessKeys(platform: SoakPlatform, seed: number, signal: AbortSignal): Promise<void> {
  const { admin, options, record } = platform;
  const random = createRandom(seed);
  const numbers = numbersOf('edited', options.accessKeys);
  const edits: Record<string, (n: number, pair: EditedPair) => Promise<unknown>> = {
    rotate: (n, pair) => patchPair(n, { ...pair, revision: (pair.revision ?? 1) + 1 }),
    disable: (n, pair) => patchPair(n, { ...pair, enabled: pair.enabled === false }),
    'lose the Secret': (n) => admin.remove(secretPathOf(n)),
    delete: (n) => admin.remove(`${collectionOf(n)}/${nameOf(n)}`),
  };
  const kinds = Object.keys(edits);

  function patchPair(n: number, pair: EditedPair): Promise<boolean> {
    return admin.merge(`${collectionOf(n)}/${nameOf(n)}`, { spec: { keyPairs: [pair] } });
  }

  async function editOne(n: number): Promise<void> {
    const live = await admin.get(`${collectionOf(n)}/${nameOf(n)}`);
    const kind = live ? (kinds[Math.floor(random() * kinds.length)] ?? 'rotate') : 'create';
    const pair = live && pairOf(live);
    if (pair) await edits[kind]?.(n, pair);
    else await admin.create(collectionOf(n), manifestOf(n));
    record.done(`edit: ${kind}`);
  }

  while (!signal.aborted) {
    const n = numbers[Math.floor(random() * numbers.length)];
    if (n !== undefined) await editOne(n).catch((error: unknown) => record.failed('edit', String(error)));
    await sleep(editIntervalMs);
  }
}

function pairOf({ spec }: RawObject): EditedPair | undefined {
  return (spec as { keyPairs: EditedPair[] }).keyPairs[0];
}
