/** What people do to Secrets and the spec, one thing after the other: whose pairs they are does not change by it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccessKeyRecord,
  dataKeysOf,
  type KeyPairSpec,
  secretNameOf,
} from '../../../../src/accesskey/model/access-key-record.ts';
import { managedBy, textAt } from '../../../../src/credential/secret-record.ts';
import { accessKey, now } from '../../../support/builders.ts';
import { plain, settle } from './passes.ts';
import { createSecretsApi, type RawSecret, type SecretsApi } from './secrets-api.ts';

type Step = (api: SecretsApi, of: AccessKeyRecord) => AccessKeyRecord;

/** Changes what somebody could change on the Secret of each pair without touching its data. */
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

/** Takes a pair out of the spec and then does something to the others, so that a name may go over. */
function without(name: string, change: (pair: KeyPairSpec) => KeyPairSpec = (pair) => pair): Step {
  return (api, of) => {
    const keyPairs = of.spec.keyPairs?.filter((pair) => pair.name !== name) ?? [];
    return onSpec(change)(api, { ...of, spec: { ...of.spec, keyPairs } });
  };
}

/** The notes of where the pair is say this; undefined is a note that is lost. */
function noted(akKey: string | undefined, skKey: string | undefined): Step {
  return onSecrets(({ annotations: { 'ghippo.io/ak-key': _, 'ghippo.io/sk-key': __, ...annotations } }) => ({
    annotations: {
      ...annotations,
      ...(akKey !== undefined && { 'ghippo.io/ak-key': akKey }),
      ...(skKey !== undefined && { 'ghippo.io/sk-key': skKey }),
    },
  }));
}

const forged = { 'ghippo.io/revision': '9', 'ghippo.io/generated-at': '2000-01-01T00:00:00Z' };
/** Under a name that no other pair takes. */
const ciAgain = { name: 'ci', secret: { name: 'ci-again' } };

const steps = {
  'labels lost': onSecrets(() => ({ labels: {} })),
  'annotations lost': onSecrets(() => ({ annotations: {} })),
  'annotations forged': onSecrets(({ annotations }) => ({ annotations: { ...annotations, ...forged } })),
  'template forged': onSecrets(({ annotations }) => ({
    annotations: { ...annotations, 'ghippo.io/template': '{"labels":["app.kubernetes.io/managed-by","constructor"]}' },
  })),
  'pair labels exchanged': onSecrets(({ labels }) => ({
    labels: { ...labels, 'ghippo.io/key-pair': labels['ghippo.io/key-pair'] === 'main' ? 'ci' : 'main' },
  })),
  'Secrets renamed': onSpec((pair) => ({ ...pair, secret: { ...pair.secret, name: `${pair.name}-new` } })),
  'names back to the default': onSpec(({ secret: { name: _, ...secret } = {}, ...pair }) => ({ ...pair, secret })),
  'data keys renamed': onSpec((pair) => ({ ...pair, secret: { ...pair.secret, akKey: 'user', skKey: 'password' } })),
  'data keys exchanged': onSpec((pair) => ({ ...pair, secret: { ...pair.secret, akKey: 'sk', skKey: 'ak' } })),
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
  'revision raised': onSpec((pair) => ({ ...pair, revision: (pair.revision ?? 1) + 1 })),
} satisfies Record<string, Step>;

const stepNames = Object.keys(steps) as (keyof typeof steps)[];
const noteValues = [
  ...['ak', 'sk', 'previous-ak', 'previous-sk', 'user', 'password'],
  ...['constructor', '__proto__', '', undefined],
];

interface Happening {
  name: string;
  step: Step;
}

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...stepNames).map((name) => ({ name, step: steps[name] })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...noteValues), fc.constantFrom(...noteValues))
      .map(([ak, sk]) => ({ name: `notes forged: ${ak}, ${sk}`, step: noted(ak, sk) })),
  },
);

const onSecretsOnly = /lost|forged|labels exchanged/;

/** What happens to Secrets happens to those that the pairs are in, not to those that they are to be in. */
function specLast(a: Happening, b: Happening): number {
  return Number(!onSecretsOnly.test(a.name)) - Number(!onSecretsOnly.test(b.name));
}

/**
 * Lost notes with new data keys (also those of a pair that is removed and added again) or wrong labels at the same time:
 * then nothing tells any more where which pair is.
 */
function isTellable(moment: readonly Happening[]): boolean {
  const has = (what: RegExp) => moment.some(({ name }) => what.test(name));
  const isBlurred = has(/^data keys|pair labels exchanged/) || (has(/^ci removed/) && has(/^ci added/));
  return !(has(/annotations lost|notes forged/) && isBlurred);
}

/** Clocks go forward and back, by two days at the most. */
const moment = fc
  .record({
    happenings: fc.array(happening, { minLength: 1, maxLength: 4 }).filter(isTellable),
    hours: fc.integer({ min: -48, max: 48 }),
  })
  .map(({ happenings, hours }) => ({ happenings: happenings.toSorted(specLast), hours }));

/** The pairs by their names, in plain text, as they are in the Secrets that the spec wants. */
function pairsOf(api: SecretsApi, of: AccessKeyRecord) {
  const entries = (of.spec.keyPairs ?? []).map((pair) => {
    const keys = dataKeysOf(pair);
    return [pair.name, plain(api.get(secretNameOf(of, pair)), keys.ak, keys.sk)] as const;
  });
  return new Map(entries);
}

/** Every value that is in a Secret. */
function values(api: SecretsApi): string[] {
  return api.all().flatMap(({ data }) => Object.keys(data).map((key) => textAt(data, key)));
}

const wanted = [
  { name: 'main', rotation: { overlap: '30m' } },
  { name: 'ci', secret: { akKey: 'user', skKey: 'password' } },
];

/** Plays a script and gives what is there after each moment. */
async function* play(script: readonly { happenings: readonly Happening[]; hours: number }[]) {
  const api = createSecretsApi();
  let settled = await settle(api, accessKey({ keyPairs: wanted }));
  for (const { happenings, hours } of script) {
    const before = pairsOf(api, settled.accessKey);
    const names = happenings.map(({ name }) => name);
    const changed = happenings.reduce((of, { step }) => step(api, of), settled.accessKey);
    settled = await settle(api, changed, now + hours * 3_600_000);
    yield { api, names, before, ...settled, after: pairsOf(api, settled.accessKey) };
  }
}

describe('whatever happens one after the other', () => {
  const scripts = fc.array(moment, { maxLength: 6 });
  /** Removed and added again, with whatever revision. */
  const isReplaced = (names: readonly string[], pair: string) =>
    pair === 'ci' && names.some((name) => name.startsWith('ci removed'));
  const isAskedFor = (names: readonly string[], pair: string) =>
    names.includes('revision raised') || isReplaced(names, pair);

  it('the pairs stay, as long as nobody touches the data or asks for others', async () => {
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

  it('a pair that is to be replaced or was removed comes back as another, and no Secret has its sk', async () => {
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

  it('no sk ever stands in a status, and each pair has one Secret', async () => {
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
