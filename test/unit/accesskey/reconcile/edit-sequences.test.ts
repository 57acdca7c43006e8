/** Random sequences of edits to Secrets and the spec: no pair changes its owner. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccessKeyRecord,
  dataKeysOf,
  type KeyPairSpec,
  pairStatusOf,
  secretNameOf,
} from '../../../../src/accesskey/model/access-key-record.ts';
import { managedBy } from '../../../../src/credential/secret-format.ts';
import { textAt } from '../../../../src/credential/secret-record.ts';
import { accessKey, now } from '../../../support/builders.ts';
import { plain, settle, tokenOf } from './reconciles.ts';
import { createSecretsApi, type RawSecret, type SecretsApi } from './secrets-api.ts';

type Step = (api: SecretsApi, of: AccessKeyRecord) => AccessKeyRecord;

/** An edit of the metadata of every pair's Secret. */
function onSecrets(change: (metadata: RawSecret['metadata']) => Partial<RawSecret['metadata']>): Step {
  return (api, of) => {
    const names = of.spec.keyPairs?.map((pair) => secretNameOf(of, pair)) ?? [];
    for (const raw of api.all().filter((one) => names.includes(one.metadata.name)))
      api.put({ ...raw, metadata: { ...raw.metadata, ...change(raw.metadata) } });
    return of;
  };
}

function onSpec(change: (pair: KeyPairSpec) => KeyPairSpec): Step {
  return (_, of) => ({
    ...of,
    generation: of.generation + 1,
    spec: { ...of.spec, keyPairs: (of.spec.keyPairs ?? []).map(change) },
  });
}

/** Removes a pair from the spec and then edits the others, which may take over its Secret name. */
function without(name: string, change: (pair: KeyPairSpec) => KeyPairSpec = (pair) => pair): Step {
  return (api, of) => {
    const keyPairs = of.spec.keyPairs?.filter((pair) => pair.name !== name) ?? [];
    return onSpec(change)(api, { ...of, spec: { ...of.spec, keyPairs } });
  };
}

/** Sets the data key annotations; undefined removes them. */
function annotated(akKey: string | undefined, skKey: string | undefined): Step {
  return onSecrets(({ annotations: { 'ghippo.io/ak-key': _, 'ghippo.io/sk-key': __, ...annotations } }) => ({
    annotations: {
      ...annotations,
      ...(akKey !== undefined && { 'ghippo.io/ak-key': akKey }),
      ...(skKey !== undefined && { 'ghippo.io/sk-key': skKey }),
    },
  }));
}

const recordedRevision = (of: AccessKeyRecord, { name }: KeyPairSpec) => pairStatusOf(of, name)?.revision ?? 1;

const forged = { 'ghippo.io/revision': '9', 'ghippo.io/generated-at': '2000-01-01T00:00:00Z' };
/** With a Secret name that no other pair uses. */
const ciAgain = { name: 'ci', secret: { name: 'ci-again' } };

const steps = {
  'labels lost': onSecrets(() => ({ labels: {} })),
  'annotations lost': onSecrets(() => ({ annotations: {} })),
  'annotations forged': onSecrets(({ annotations }) => ({ annotations: { ...annotations, ...forged } })),
  'template forged': onSecrets(({ annotations }) => ({
    annotations: { ...annotations, 'ghippo.io/template': '{"labels":["app.kubernetes.io/managed-by","constructor"]}' },
  })),
  'pair labels swapped': onSecrets(({ labels }) => ({
    labels: { ...labels, 'ghippo.io/key-pair': labels['ghippo.io/key-pair'] === 'main' ? 'ci' : 'main' },
  })),
  'Secrets renamed': onSpec((pair) => ({ ...pair, secret: { ...pair.secret, name: `${pair.name}-new` } })),
  'names back to the default': onSpec(({ secret: { name: _, ...secret } = {}, ...pair }) => ({ ...pair, secret })),
  'data keys renamed': onSpec((pair) => ({ ...pair, secret: { ...pair.secret, akKey: 'user', skKey: 'password' } })),
  'data keys swapped': onSpec((pair) => ({ ...pair, secret: { ...pair.secret, akKey: 'sk', skKey: 'ak' } })),
  'labels wanted': onSpec((pair) => ({ ...pair, secret: { ...pair.secret, labels: { team: 'shop' } } })),
  disabled: onSpec((pair) => ({ ...pair, enabled: false })),
  enabled: onSpec((pair) => ({ ...pair, enabled: true })),
  'label of the watch lost': onSecrets(({ labels: { [managedBy.label]: _, ...labels } }) => ({ labels })),
  'ci removed': without('ci'),
  'ci removed, main takes its name': without('ci', (pair) => ({ ...pair, secret: { ...pair.secret, name: 'ann-ci' } })),
  'ci added': (_, of) =>
    of.spec.keyPairs?.some(({ name }) => name === 'ci')
      ? of
      : {
          ...of,
          generation: of.generation + 1,
          spec: { ...of.spec, keyPairs: [...(of.spec.keyPairs ?? []), ciAgain] },
        },
  // Above the recorded revision, which a pair without one in the spec keeps, also when it is removed and added again.
  'revision raised': (api, of) =>
    onSpec((pair) => ({ ...pair, revision: Math.max(pair.revision ?? 1, recordedRevision(of, pair)) + 1 }))(api, of),
} satisfies Record<string, Step>;

const stepNames = Object.keys(steps) as (keyof typeof steps)[];
const annotationValues = [
  ...['ak', 'sk', 'previous-ak', 'previous-sk', 'user', 'password'],
  ...['constructor', '__proto__', '', undefined],
];

interface Edit {
  name: string;
  step: Step;
}

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...stepNames).map((name) => ({ name, step: steps[name] })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...annotationValues), fc.constantFrom(...annotationValues))
      .map(([ak, sk]) => ({ name: `data key annotations forged: ${ak}, ${sk}`, step: annotated(ak, sk) })),
  },
);

const onSecretsOnly = /lost|forged|labels swapped/;

/** Edits of Secrets come first, because they must affect the Secrets that hold the pairs now. */
function specLast(a: Edit, b: Edit): number {
  return Number(!onSecretsOnly.test(a.name)) - Number(!onSecretsOnly.test(b.name));
}

/**
 * Excludes lost annotations together with new data keys (also of a pair that is removed and added again) or wrong labels:
 * then nothing shows which pair is where.
 */
function isRecoverable(moment: readonly Edit[]): boolean {
  const has = (what: RegExp) => moment.some(({ name }) => what.test(name));
  const isAmbiguous = has(/^data keys|pair labels swapped/) || (has(/^ci removed/) && has(/^ci added/));
  return !(has(/annotations lost|data key annotations forged/) && isAmbiguous);
}

/** The clock moves forward or back by at most two days. */
const moment = fc
  .record({
    edits: fc.array(edit, { minLength: 1, maxLength: 4 }).filter(isRecoverable),
    hours: fc.integer({ min: -48, max: 48 }),
  })
  .map(({ edits, hours }) => ({ edits: edits.toSorted(specLast), hours }));

/** The decoded pairs by name, from the Secrets that the spec names. */
function pairsOf(api: SecretsApi, of: AccessKeyRecord) {
  const entries = (of.spec.keyPairs ?? []).map((pair) => {
    const keys = dataKeysOf(pair);
    return [pair.name, plain(api.get(secretNameOf(of, pair)), keys.ak, keys.sk)] as const;
  });
  return new Map(entries);
}

/** Every value in any Secret. */
function values(api: SecretsApi): string[] {
  return api.all().flatMap(({ data }) => Object.keys(data).map((key) => textAt(data, key)));
}

const wanted = [
  { name: 'main', rotation: { overlap: '30m' }, token: {} },
  { name: 'ci', secret: { akKey: 'user', skKey: 'password' } },
];

/** Plays a script and yields the state after each moment. */
async function* play(script: readonly { edits: readonly Edit[]; hours: number }[]) {
  const api = createSecretsApi();
  let settled = await settle(api, accessKey({ keyPairs: wanted }));
  for (const { edits, hours } of script) {
    const before = pairsOf(api, settled.accessKey);
    const names = edits.map(({ name }) => name);
    const changed = edits.reduce((of, { step }) => step(api, of), settled.accessKey);
    settled = await settle(api, changed, now + hours * 3_600_000);
    yield { api, names, before, ...settled, after: pairsOf(api, settled.accessKey) };
  }
}

describe('after any sequence of edits', () => {
  const scripts = fc.array(moment, { maxLength: 6 });
  /** Removed and possibly added again with any revision. */
  const isReplaced = (names: readonly string[], pair: string) =>
    pair === 'ci' && names.some((name) => name.startsWith('ci removed'));
  const isAskedFor = (names: readonly string[], pair: string) =>
    names.includes('revision raised') || isReplaced(names, pair);

  it('the pairs stay unless the data is edited or a rotation is requested', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        for await (const { names, before, after, accessKey: of } of play(script)) {
          for (const [name, pair] of after) {
            const former = before.get(name);
            if (former && !isAskedFor(names, name)) expect(pair).toEqual(former);
            expect(of.status.keyPairs?.find((one) => one.name === name)?.accessKey).toBe(pair.ak);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a rotated or removed pair has new keys, and no Secret contains its sk', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const revoked = new Set<string>();
        for await (const { names, before, after, api } of play(script)) {
          for (const [name, { sk }] of before) {
            if (names.includes('revision raised') && after.has(name) && !isReplaced(names, name))
              expect(after.get(name)?.sk).not.toBe(sk);
            if (!after.has(name)) revoked.add(sk);
          }
          for (const value of values(api)) expect(revoked).not.toContain(value);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the Secret of a pair has the token of this pair while the pair is enabled, and no other token', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        for await (const { api, after, accessKey: of } of play(script)) {
          const main = of.spec.keyPairs?.find(({ name }) => name === 'main');
          const expected = main?.enabled === false ? [] : [tokenOf(after.get('main')?.ak ?? '')];
          expect(values(api).filter((value) => value.startsWith('token of'))).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('no status contains an sk, and each pair has one Secret', async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        for await (const { api, before, after, statuses } of play(script)) {
          const text = JSON.stringify(statuses);
          for (const { sk } of [...before.values(), ...after.values()]) expect(text).not.toContain(sk);
          expect(api.all()).toHaveLength(after.size);
        }
      }),
      { numRuns: 300 },
    );
  });
});
