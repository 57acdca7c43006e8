/**
 * Random sequences of edits and failures: revoked keys never work again, and working keys are not replaced without a
 * cause.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import {
  type AccessKeyRecord,
  type KeyPairSpec,
  pairStatusOf,
} from '../../../../src/accesskey/model/access-key-record.ts';
import { liveStates } from '../../../../src/accesskey/model/pair-state.ts';
import { accessKey, caches, now } from '../../../support/builders.ts';
import { applyTo, ifRetried, plain, reconcileOnce, withStatus } from './reconciles.ts';
import { createSecretsApi, rejected, type SecretsApi } from './secrets-api.ts';

const names = ['ann-main', 'x', 'y'];
type Step =
  | { edit: 'rename'; name: string }
  /** `revert` removes the revision: it changes nothing. */
  | { edit: 'rotate' | 'revert' | 'remove' | 'add' }
  | { deletion: 'rejected' | 'allowed'; name: string }
  /** A person deletes the current Secret. */
  | { lose: true }
  /** A person removes the labels of a Secret. */
  | { unlabel: string }
  /** `lost`: the status is not written; `stale`: neither, and the cached Secrets are those before the last step. */
  | { reconcile: 'complete' | 'lost' | 'stale' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ edit: fc.constant('rename' as const), name: fc.constantFrom(...names) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      edit: fc.constantFrom<'rotate' | 'revert' | 'remove' | 'add'>('rotate', 'revert', 'remove', 'add'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      deletion: fc.constantFrom('rejected' as const, 'allowed' as const),
      name: fc.constantFrom(...names),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ lose: true as const }) },
  { weight: 1, arbitrary: fc.record({ unlabel: fc.constantFrom(...names) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      reconcile: fc.constantFrom<'complete' | 'lost' | 'stale'>('complete', 'complete', 'lost', 'stale'),
    }),
  },
);

function edited(of: AccessKeyRecord, change: Extract<Step, { edit: string }>, revision: number): AccessKeyRecord {
  const [pair] = of.spec.keyPairs ?? [];
  const next: Record<typeof change.edit, KeyPairSpec[]> = {
    rename: pair ? [{ ...pair, secret: { name: 'name' in change ? change.name : 'x' } }] : [],
    rotate: pair ? [{ ...pair, revision }] : [],
    revert: pair ? [withoutRevision(pair)] : [],
    remove: [],
    add: [pair ?? { name: 'main', revision: 1 }],
  };
  return { ...of, generation: of.generation + 1, spec: { ...of.spec, keyPairs: next[change.edit] } };
}

function withoutRevision({ revision: _, ...pair }: KeyPairSpec): KeyPairSpec {
  return pair;
}

/** Leaves a former Secret with revoked keys, which random steps rarely do. */
const leaveFormer: Step[] = [
  { deletion: 'rejected', name: 'ann-main' },
  { edit: 'rename', name: 'x' },
  { reconcile: 'complete' },
  { edit: 'rotate' },
  { reconcile: 'complete' },
];
const steps = fc
  .tuple(fc.constantFrom([], leaveFormer), fc.array(step, { minLength: 3, maxLength: 24 }))
  .map(([first, others]) => [...first, ...others]);

function isLive(api: SecretsApi, of: AccessKeyRecord, ak: string, time: number): boolean {
  const lookup = createPairLookup(caches({ accessKeys: [of], secrets: api.watched(of) }));
  return lookup.find(ak, time).some(({ state }) => liveStates.has(state));
}

it('revoked keys are never valid again', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const api = createSecretsApi();
      let of = accessKey();
      of = withStatus(of, await reconcileOnce(api, of));
      of = withStatus(of, await reconcileOnce(api, of));
      const revoked = new Set<string>();
      let revision = 1;
      // Each step takes a minute.
      let time = now;
      /** How often other keys may replace those in the status. */
      let causes = 0;
      const check = () => {
        for (const ak of revoked) expect(isLive(api, of, ak, time), `${ak} is valid`).toBe(false);
      };
      let cached = api.watched(of);
      for (const one of all) {
        const earlier = cached;
        cached = api.watched(of);
        time += 60_000;
        if ('edit' in one) {
          revision += 1;
          const isPresent = of.spec.keyPairs?.length === 1;
          of = edited(of, one, revision);
          // An edit that changes nothing is no cause.
          if (one.edit === 'rotate' ? isPresent : isPresent !== (of.spec.keyPairs?.length === 1)) causes += 1;
        } else if ('lose' in one) {
          const name = pairStatusOf(of, 'main')?.secretName ?? '';
          if (api.get(name)) causes += 1;
          api.drop(name);
        } else if ('unlabel' in one) {
          const raw = api.get(one.unlabel);
          if (raw) api.put({ ...raw, metadata: { ...raw.metadata, labels: {} as typeof raw.metadata.labels } });
        } else if ('deletion' in one) {
          if (one.deletion === 'rejected') api.reject(`delete ${one.name}`, rejected(403, 'Forbidden'));
          else api.allow(`delete ${one.name}`);
        } else {
          const before = pairStatusOf(of, 'main')?.accessKey;
          const secrets = one.reconcile === 'stale' ? earlier : cached;
          const outcome = await applyTo(api, of, secrets, time).catch(ifRetried);
          if (outcome && one.reconcile === 'complete') of = withStatus(of, outcome, time);
          const after = pairStatusOf(of, 'main')?.accessKey;
          const isRemoved = of.spec.keyPairs?.length === 0 && one.reconcile === 'complete';
          if (before !== undefined && (before !== after || isRemoved)) revoked.add(before);
          if (before !== undefined && before !== after) causes -= 1;
          expect(causes, 'the keys were replaced without a cause').toBeGreaterThanOrEqual(0);
        }
        check();
      }
      // Everything settles once deletions are allowed.
      for (const name of names) api.allow(`delete ${name}`);
      for (let turn = 0; turn < 8; turn += 1) {
        time += 60_000;
        const outcome = await reconcileOnce(api, of, time).catch(ifRetried);
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
