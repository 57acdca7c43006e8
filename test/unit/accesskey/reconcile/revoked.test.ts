/** Random sequences of edits and failures: keys that were revoked never get a token again. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import {
  type AccessKeyRecord,
  type KeyPairSpec,
  pairStatusOf,
} from '../../../../src/accesskey/model/access-key-record.ts';
import { liveStates } from '../../../../src/accesskey/model/pair-state.ts';
import { resources } from '../../../../src/kube/resource.ts';
import { accessKey, at, caches, now } from '../../../support/builders.ts';
import { plain, reconcileOnce, withStatus } from './reconciles.ts';
import { createSecretsApi, rejected, type SecretsApi } from './secrets-api.ts';

const names = ['ann-main', 'x', 'y'];
type Step =
  | { edit: 'rename'; name: string }
  | { edit: 'rotate' | 'remove' | 'add' }
  | { deletion: 'rejected' | 'allowed'; name: string }
  /** A person deletes the current Secret. */
  | { lose: true }
  /** `lost`: the status is not written. */
  | { reconcile: 'complete' | 'lost' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ edit: fc.constant('rename' as const), name: fc.constantFrom(...names) }) },
  { weight: 3, arbitrary: fc.record({ edit: fc.constantFrom('rotate' as const, 'remove' as const, 'add' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      deletion: fc.constantFrom('rejected' as const, 'allowed' as const),
      name: fc.constantFrom(...names),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ lose: true as const }) },
  {
    weight: 6,
    arbitrary: fc.record({ reconcile: fc.constantFrom('complete' as const, 'complete' as const, 'lost' as const) }),
  },
);

function edited(of: AccessKeyRecord, change: Extract<Step, { edit: string }>, revision: number): AccessKeyRecord {
  const [pair] = of.spec.keyPairs ?? [];
  const next: Record<typeof change.edit, KeyPairSpec[]> = {
    rename: pair ? [{ ...pair, secret: { name: 'name' in change ? change.name : 'x' } }] : [],
    rotate: pair ? [{ ...pair, revision }] : [],
    remove: [],
    add: [pair ?? { name: 'main', revision: 1 }],
  };
  return { ...of, generation: of.generation + 1, spec: { ...of.spec, keyPairs: next[change.edit] } };
}

function isLive(api: SecretsApi, of: AccessKeyRecord, ak: string, time: number): boolean {
  const lookup = createPairLookup(caches({ accessKeys: [of], secrets: api.watched(of) }));
  return lookup.find(ak, time).some(({ state }) => liveStates.has(state));
}

it('revoked keys are never valid again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 24 }), async (steps) => {
      const api = createSecretsApi();
      let of = accessKey();
      of = withStatus(of, await reconcileOnce(api, of));
      of = withStatus(of, await reconcileOnce(api, of));
      const revoked = new Set<string>();
      let revision = 1;
      // Each step takes a minute.
      let time = now;
      api.admit((raw) => {
        const isNew = raw.metadata.creationTimestamp === at(0);
        return isNew ? { ...raw, metadata: { ...raw.metadata, creationTimestamp: at((time - now) / 1000) } } : raw;
      });
      const check = () => {
        for (const ak of revoked) expect(isLive(api, of, ak, time), `${ak} is valid`).toBe(false);
      };
      for (const one of steps) {
        time += 60_000;
        if ('edit' in one) {
          revision += 1;
          of = edited(of, one, revision);
        } else if ('lose' in one) {
          const { secretName: name = '' } = pairStatusOf(of, 'main') ?? {};
          const metadata = api.get(name)?.metadata;
          const isDenied = api.isRejected(`delete ${name}`);
          if (metadata && !isDenied) await api.client.delete({ ...resources.secrets, ...metadata }, metadata);
        } else if ('deletion' in one) {
          if (one.deletion === 'rejected') api.reject(`delete ${one.name}`, rejected(403, 'Forbidden'));
          else api.allow(`delete ${one.name}`);
        } else {
          const before = pairStatusOf(of, 'main')?.accessKey;
          const outcome = await reconcileOnce(api, of, time).catch((error: unknown) => {
            if ((error as Error).name !== 'StaleCacheError') throw error;
          });
          if (outcome && one.reconcile === 'complete') of = withStatus(of, outcome, time);
          const after = pairStatusOf(of, 'main')?.accessKey;
          const isRemoved = of.spec.keyPairs?.length === 0 && one.reconcile === 'complete';
          if (before !== undefined && (before !== after || isRemoved)) revoked.add(before);
        }
        check();
      }
      // Everything settles once deletions are allowed.
      for (const name of names) api.allow(`delete ${name}`);
      for (let turn = 0; turn < 8; turn += 1) {
        time += 60_000;
        const outcome = await reconcileOnce(api, of, time).catch(() => undefined);
        if (outcome) of = withStatus(of, outcome, time);
        check();
      }
      const pairs = of.spec.keyPairs ?? [];
      expect(api.all()).toHaveLength(pairs.length);
      for (const raw of api.all()) expect(isLive(api, of, plain(raw).ak, time)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
