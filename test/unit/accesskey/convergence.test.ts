/** Properties that hold whatever the spec, the Secrets, the status and the time are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccessKeyRecord,
  dataKeysOf,
  type KeyPairSpec,
  pairStatusOf,
  secretNameOf,
} from '../../../src/accesskey/access-key-record.ts';
import { pairOf } from '../../../src/accesskey/pair-facts.ts';
import { isKey } from '../../../src/credential/key-pair.ts';
import { toSecretRecord } from '../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, now, pairStatus, rawSecret } from '../../support/builders.ts';
import { plain, settle } from './passes.ts';
import { createSecretsApi, type RawSecret, type SecretsApi } from './secrets-api.ts';

const stranger = accessKey({ name: 'bob', user: 'bob' });
const secretNames = ['ann-main', 'ann-ci', 'x', 'y'];
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const seconds = fc.integer({ min: -7200, max: 7200 });

const dataKeys = fc.constantFrom({}, { akKey: 'user', skKey: 'password' }, { akKey: 'sk', skKey: 'ak' });
const secretSpec = fc
  .tuple(dataKeys, optional(fc.constantFrom(...secretNames)), fc.constantFrom({}, { team: 'a' }, { toString: 'b' }))
  .map(([keys, name, labels]) => ({
    ...keys,
    ...(name && { name }),
    labels: { ...labels },
    annotations: { ...labels },
  }));

function pairSpec(name: string): fc.Arbitrary<KeyPairSpec> {
  const rotation = fc.constantFrom(
    undefined,
    { interval: '1h' },
    { overlap: '30m' },
    { interval: '1h', overlap: '30m' },
  );
  const parts = fc.record({
    enabled: fc.boolean(),
    expiresAt: optional(seconds.map(at)),
    revision: fc.integer({ min: 1, max: 3 }),
    rotation,
    secret: optional(secretSpec),
  });
  return parts.map((pair) => JSON.parse(JSON.stringify({ name, ...pair })) as KeyPairSpec);
}

const keyPairs = fc
  .tuple(optional(pairSpec('main')), optional(pairSpec('ci')))
  .map((pairs) => pairs.filter((pair) => pair !== undefined))
  // As the CRD has it: each pair has a Secret of its own.
  .filter(([a, b]) => !a || !b || secretNameOf({ name: 'ann' }, a) !== secretNameOf({ name: 'ann' }, b));

const status = fc.array(
  fc.record({
    name: fc.constantFrom('main', 'ci', 'gone'),
    accessKey: fc.integer({ min: 0, max: 3 }).map((n) => keyPair(n).ak),
    secretName: fc.constantFrom(...secretNames),
    revision: fc.integer({ min: 1, max: 3 }),
    createdAt: seconds.map(at),
  }),
  { maxLength: 2 },
);

const subject = fc
  .tuple(keyPairs, fc.boolean(), fc.uniqueArray(status, { maxLength: 1 }))
  .map(([pairs, suspended, [known = []]]) =>
    accessKey({
      ...{ keyPairs: pairs, suspended },
      status: {
        observedGeneration: 1,
        keyPairs: [...new Map(known.map((one) => [one.name, pairStatus(one)])).values()],
      },
    }),
  );

/** A Secret in one of the states that people, crashes and the garbage collector leave behind. */
const anySecret = fc
  .record({
    name: fc.constantFrom(...secretNames),
    pair: fc.constantFrom('main', 'ci', 'gone'),
    n: fc.integer({ min: 0, max: 3 }),
    owner: fc.constantFrom('ours', 'ours', 'ours', 'stranger', 'nobody'),
    isOpaque: fc.boolean(),
    keys: dataKeys,
    lost: fc.constantFrom('nothing', 'nothing', 'labels', 'annotations', 'pair label'),
    data: fc.constantFrom({}, {}, { ak: 'x' }, { sk: undefined }, { token: 'abc' }),
    previous: fc.boolean(),
    facts: fc.record({ revision: fc.integer({ min: 1, max: 3 }), generatedAt: seconds.map((s) => now + s * 1000) }),
    until: optional(seconds.map((s) => now + s * 1000)),
    isDeleting: fc.constantFrom(false, false, false, true),
    adopt: fc.constantFrom(undefined, undefined, 'ann/main'),
  })
  .map(({ name, pair, n, owner, isOpaque, keys, lost, data, previous, facts, until, isDeleting, adopt }): RawSecret => {
    const of = accessKey({ keyPairs: [{ name: pair, secret: keys }] });
    const sound = rawSecret({
      ...{ of: owner === 'stranger' ? stranger : of, pair, name, keys: keyPair(n), data },
      ...{ facts: { ...facts, previousValidUntil: until }, ...(previous && { previous: keyPair(n + 4) }) },
      ...(owner === 'nobody' && { ownerReferences: [] }),
      ...(isDeleting && { deletionTimestamp: at(-1) }),
      ...(isOpaque && owner !== 'ours' && { type: 'Opaque' }),
    });
    const { 'ghippo.io/key-pair': _, ...labels } = sound.metadata.labels;
    if (lost === 'pair label') sound.metadata.labels = labels;
    if (lost === 'labels') sound.metadata.labels = {};
    // Exchanged keys whose notes are lost can be told only by a status, which says something random here.
    if (lost === 'annotations' && keys.akKey !== 'sk') sound.metadata.annotations = {};
    if (adopt !== undefined) sound.metadata.annotations['ghippo.io/adopt'] = adopt;
    return sound;
  });

const anySecrets = fc.uniqueArray(anySecret, { maxLength: 4, selector: (one) => one.metadata.name });

const isMarked = (raw: RawSecret) => 'ghippo.io/adopt' in raw.metadata.annotations;
const isOurs = (of: AccessKeyRecord, raw: RawSecret) => toSecretRecord(raw).ownerUID === of.uid;

/** The Secrets at the wanted names of pairs without a problem. */
function settledSecrets(api: SecretsApi, { accessKey: of, outcome }: Awaited<ReturnType<typeof settle>>) {
  const sound = outcome.pairs.filter((one) => !one.problem).map((one) => one.pair);
  return sound.map((pair) => ({ pair, raw: api.get(secretNameOf(of, pair)) }));
}

describe('whatever there is', () => {
  it('a few passes lead to one that writes nothing, and every pair without a problem has one Secret', async () => {
    await fc.assert(
      fc.asyncProperty(subject, anySecrets, seconds, async (of, secrets, later) => {
        const api = createSecretsApi(...secrets);
        const settled = await settle(api, of, now + later * 1000, 6);
        const watched = api.watched(of).filter((one) => !one.deleting);
        for (const { pair, raw } of settledSecrets(api, settled)) {
          const keys = dataKeysOf(pair);
          const record = raw && toSecretRecord(raw);
          expect(record).toMatchObject({ ownerUID: of.uid, dataKeys: keys, pair: {}, deleting: false });
          expect(pairStatusOf(settled.accessKey, pair.name)?.accessKey).toBe(record?.pair?.ak);
          expect(watched.filter((one) => pairOf(settled.accessKey, one) === pair)).toHaveLength(1);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('what is not ours is not touched', async () => {
    await fc.assert(
      fc.asyncProperty(subject, anySecrets, async (of, secrets) => {
        const api = createSecretsApi(...secrets);
        await settle(api, of);
        const foreign = secrets.filter((one) => !isOurs(of, one) && !isMarked(one));
        for (const one of foreign) expect(api.get(one.metadata.name)).toEqual(one);
      }),
      { numRuns: 200 },
    );
  });

  it('no sk comes into the status', async () => {
    await fc.assert(
      fc.asyncProperty(subject, anySecrets, async (of, secrets) => {
        // A marked one is taken as the spec reads it, so who marks it says which of two exchanged keys is the sk.
        const api = createSecretsApi(...secrets.filter((one) => !isMarked(one)));
        const { accessKey: after } = await settle(api, of);
        const made = api.all().map((raw) => plain(raw, ...Object.values(toSecretRecord(raw).dataKeys)).sk);
        const given = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => keyPair(n).sk);
        for (const sk of [...made.filter(isKey), ...given]) expect(JSON.stringify(after.status)).not.toContain(sk);
      }),
      { numRuns: 200 },
    );
  });

  it('a pair that the status knows keeps its ak, in its Secret or on the way to the wanted one', async () => {
    await fc.assert(
      fc.asyncProperty(subject, anySecrets, async (of, secrets) => {
        const api = createSecretsApi(...secrets);
        const before = new Map(secrets.map((one) => [one.metadata.name, toSecretRecord(one)]));
        const kept = (of.spec.keyPairs ?? []).filter((pair) => isToBeKept(of, pair, before));
        const settled = await settle(api, of);
        for (const pair of kept) {
          const after = pairStatusOf(settled.accessKey, pair.name);
          expect(after?.accessKey).toBe(pairStatusOf(of, pair.name)?.accessKey);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** Whether nothing asks for a new pair and the known one is in a sound Secret that the spec leads to. */
function isToBeKept(
  of: AccessKeyRecord,
  pair: KeyPairSpec,
  secrets: ReadonlyMap<string, ReturnType<typeof toSecretRecord>>,
) {
  const known = pairStatusOf(of, pair.name);
  if (!known || (pair.revision ?? 1) !== (known.revision ?? 1) || pair.rotation?.interval !== undefined) return false;
  const others = of.status.keyPairs?.filter((one) => one.accessKey === known.accessKey) ?? [];
  const named = secrets.get(secretNameOf(of, pair));
  const held = named ?? secrets.get(known.secretName);
  return others.length === 1 && held?.ownerUID === of.uid && held.pair?.ak === known.accessKey && !held.deleting;
}

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

const forged = { 'ghippo.io/revision': '9', 'ghippo.io/generated-at': '2000-01-01T00:00:00Z' };
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
} satisfies Record<string, Step>;

/** What happens to Secrets happens to those that the pairs are in, not to those that they are to be in. */
function specLast(a: keyof typeof steps, b: keyof typeof steps): number {
  const isSpec = (step: keyof typeof steps) => Number(!/lost|forged|labels exchanged/.test(step));
  return isSpec(a) - isSpec(b);
}

/** Lost notes with new data keys or wrong labels at the same time: then nothing tells any more where which pair is. */
function isTellable(moment: readonly string[]): boolean {
  const isBlurred = moment.some((step) => step.startsWith('data keys') || step === 'pair labels exchanged');
  return !(moment.includes('annotations lost') && isBlurred);
}

describe('whatever happens one after the other', () => {
  it('the pairs stay, as long as nobody touches the data or asks for others', async () => {
    const names = Object.keys(steps) as (keyof typeof steps)[];
    const moments = fc
      .array(fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }), { maxLength: 5 })
      .filter((all) => all.every(isTellable));
    await fc.assert(
      fc.asyncProperty(moments, async (script) => {
        const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });
        const api = createSecretsApi();
        let { accessKey: current } = await settle(api, both);
        const pairs = () => current.spec.keyPairs?.map((pair) => plainOf(api, current, pair));
        const made = pairs();
        for (const [n, moment] of script.entries()) {
          for (const step of moment.toSorted(specLast)) current = steps[step](api, current);
          current = (await settle(api, current, now + n * 3_600_000)).accessKey;
          expect(pairs()).toEqual(made);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function plainOf(api: SecretsApi, of: AccessKeyRecord, pair: KeyPairSpec) {
  const keys = dataKeysOf(pair);
  return plain(api.get(secretNameOf(of, pair)), keys.ak, keys.sk);
}
