import { describe, expect, it } from 'vitest';
import { labelsOf } from '../../../../src/accesskey/reconcile/desired-secret.ts';
import { type Observed, plan as planAt } from '../../../../src/accesskey/reconcile/plan.ts';
import { accessKeyLabel, annotations, keyPairLabel, managedBy } from '../../../../src/credential/secret-format.ts';
import { accessKey, at, keyPair, known, now, pairStatus, secret } from '../../../support/builders.ts';

const one = accessKey();
const main = { name: 'main' };
const ci = { name: 'ci' };
const both = accessKey({ keyPairs: [main, ci] });
/** The facts about the pair in `secret()`. */
const facts = { revision: 1, generatedAt: now - 1_800_000, previousValidUntil: undefined };

function plan(what: Observed) {
  return planAt(what, now);
}

const withPrevious = { previous: { accessKey: keyPair(9).ak, validUntil: at(1800) } };

function observed(parts: Partial<Observed> = {}): Observed {
  const { accessKey: subject = one } = parts;
  return { accessKey: subject, beingDeleted: false, userHolder: subject.key, secrets: [], ...parts };
}

describe('plan', () => {
  it('creates the Secret of each pair without one', () => {
    expect(plan(observed({ accessKey: both }))).toEqual({
      pairs: [
        { kind: 'create', pair: main, secretName: 'ann-main', from: undefined, rotation: undefined },
        { kind: 'create', pair: ci, secretName: 'ann-ci', from: undefined, rotation: undefined },
      ],
      remove: [],
      removedPairs: [],
    });
  });

  it('does not create a Secret that another AccessKey has and will create again', () => {
    const nameHolders = new Map([['ann-ci', 'AccessKey ann-c (key pair i)']]);
    expect(plan(observed({ accessKey: both, nameHolders })).pairs).toMatchObject([
      { kind: 'create', pair: main },
      { kind: 'conflict', pair: ci, nameHolder: 'AccessKey ann-c (key pair i)' },
    ]);
    const own = [secret({ of: both, pair: 'ci' })];
    expect(plan(observed({ accessKey: both, nameHolders, secrets: own })).pairs[1]).toMatchObject({ kind: 'keep' });
  });

  it('keeps Secrets that are as desired', () => {
    const secrets = [secret({ of: both, pair: 'ci', keys: keyPair(2) }), secret({ of: both, pair: 'main' })];
    expect(plan(observed({ accessKey: both, secrets }))).toEqual({
      pairs: [
        { kind: 'keep', pair: main, secret: secrets[1] },
        { kind: 'keep', pair: ci, secret: secrets[0] },
      ],
      remove: [],
      removedPairs: [],
    });
  });

  it.each([managedBy.label, accessKeyLabel, keyPairLabel])('restores the label %s', (label) => {
    const { [label]: _, ...labels } = labelsOf(one, main);
    const found = secret({ labels });
    expect(plan(observed({ secrets: [found] }))).toEqual({
      pairs: [{ kind: 'update', pair: main, secret: found, facts }],
      remove: [],
      removedPairs: [],
    });
  });

  it.each([
    ['all labels are lost', {}],
    ['a label has another value', { ...labelsOf(one, main), [accessKeyLabel]: 'bob' }],
  ])('restores labels if %s', (_, labels) => {
    const found = secret({ labels });
    expect(plan(observed({ secrets: [found] }))).toEqual({
      pairs: [{ kind: 'update', pair: main, secret: found, facts }],
      remove: [],
      removedPairs: [],
    });
  });

  it('keeps labels that others added', () => {
    const found = secret({ labels: { ...labelsOf(one, main), team: 'shop' } });
    expect(plan(observed({ secrets: [found] })).pairs).toEqual([{ kind: 'keep', pair: main, secret: found }]);
  });

  it('fixes a label that names another pair if the pair is in the status', () => {
    const subject = known();
    const found = secret({ labels: labelsOf(one, { name: 'former' }) });
    expect(plan(observed({ accessKey: subject, secrets: [found] }))).toEqual({
      pairs: [{ kind: 'update', pair: main, secret: found, facts }],
      remove: [],
      removedPairs: [],
    });
  });

  const { adopt: _adopt, token: _token, ...restored } = annotations;
  it.each(Object.values(restored))('only restores the annotation %s if it is lost', (name) => {
    const pair = { name: 'main', secret: { labels: { team: 'shop' } } };
    const rotated = known({ keyPairs: [{ ...pair, rotation: { overlap: '1h' } }] }, withPrevious);
    const whole = secret({ of: rotated, previous: keyPair(9), facts: { previousValidUntil: now + 1_800_000 } });
    const { [name]: lost, ...rest } = whole.annotations;
    expect(lost).toBeDefined();
    const found = { ...whole, annotations: rest };
    expect(plan(observed({ accessKey: rotated, secrets: [found] })).pairs).toMatchObject([
      { kind: 'update', secret: found, facts: { ...facts, previousValidUntil: now + 1_800_000 } },
    ]);
  });

  it('keeps revision, age and previous pair if all annotations are lost', () => {
    const subject = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] }, withPrevious);
    const found = secret({ of: subject, annotations: {}, previous: keyPair(9), createdAt: at(-86_400) });
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toEqual([
      {
        kind: 'update',
        pair: subject.spec.keyPairs?.[0],
        secret: found,
        facts: { ...facts, previousValidUntil: now + 1_800_000 },
      },
    ]);
  });

  it.each([
    ['revision', '7', 'raised'],
    ['revision', '0', 'not a number'],
    ['generatedAt', '2020-01-01T00:00:00Z', 'older'],
    ['generatedAt', 'never', 'not a time'],
  ] as const)('prefers the status to the annotation %s: %s, %s', (name, value, _) => {
    const pair = { name: 'main', revision: 2, rotation: { interval: '1h' } };
    const subject = known({ keyPairs: [pair] }, { revision: 2 });
    const sound = secret({ of: subject, facts: { revision: 2 } });
    const found = { ...sound, annotations: { ...sound.annotations, [annotations[name]]: value } };
    expect(plan(observed({ accessKey: subject, secrets: [sound] })).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toEqual([
      { kind: 'update', pair, secret: found, facts: { ...facts, revision: 2 } },
    ]);
  });

  it.each([
    ['no ak', { ak: undefined }],
    ['no sk', { sk: undefined }],
    ['no data', { ak: undefined, sk: undefined }],
    ['an sk that is not a UUID', { sk: 'hunter2' }],
  ])('regenerates in place if there is %s, with or without labels', (_, data) => {
    for (const labels of [labelsOf(one, main), {}]) {
      const found = secret({ data, labels });
      expect(plan(observed({ secrets: [found] }))).toEqual({
        pairs: [{ kind: 'recover', pair: main, secret: found }],
        remove: [],
        removedPairs: [],
      });
    }
  });

  it('removes the Secret of a removed pair', () => {
    const kept = secret();
    const left = secret({ of: both, pair: 'ci', keys: keyPair(2) });
    expect(plan(observed({ secrets: [kept, left] }))).toEqual({
      pairs: [{ kind: 'keep', pair: main, secret: kept }],
      remove: [left],
      removedPairs: [],
    });
    const none = accessKey({ keyPairs: [] });
    expect(plan(observed({ accessKey: none, secrets: [kept, left] }))).toEqual({
      pairs: [],
      remove: [kept, left],
      removedPairs: [],
    });
  });

  it('treats absent spec.keyPairs as empty', () => {
    const bare = { ...one, spec: { user: one.spec.user } };
    expect(plan(observed({ accessKey: bare, secrets: [] }))).toEqual({ pairs: [], remove: [], removedPairs: [] });
  });

  it('removes the Secret of a removed pair before another pair can use its name, so no keys are inherited', () => {
    const subject = known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    for (const labels of [labelsOf(one, main), {}, labelsOf(one, { name: 'next' })]) {
      const left = secret({ labels });
      expect(plan(observed({ accessKey: subject, secrets: [left] }))).toEqual({
        pairs: [
          {
            kind: 'wait',
            pair: subject.spec.keyPairs?.[0],
            secretName: 'ann-main',
            from: undefined,
            rotation: undefined,
          },
        ],
        remove: [left],
        removedPairs: [],
      });
    }
  });

  it('removes the Secret of a removed pair that is not in the status, by its label', () => {
    const subject = accessKey({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const left = secret();
    expect(plan(observed({ accessKey: subject, secrets: [left] }))).toEqual({
      pairs: [
        {
          kind: 'wait',
          pair: subject.spec.keyPairs?.[0],
          secretName: 'ann-main',
          from: undefined,
          rotation: undefined,
        },
      ],
      remove: [left],
      removedPairs: [],
    });
  });

  it('removes a copy of a Secret and keeps the original', () => {
    const copy = secret({ name: 'copy' });
    const original = secret();
    expect(plan(observed({ accessKey: known(), secrets: [copy, original] }))).toEqual({
      pairs: [{ kind: 'keep', pair: main, secret: original }],
      remove: [copy],
      removedPairs: [],
    });
  });

  describe('a Secret that is being deleted', () => {
    const going = secret({ deletionTimestamp: at(-5) });

    it('blocks its name until it is deleted', () => {
      expect(plan(observed({ accessKey: known(), secrets: [going] }))).toEqual({
        pairs: [{ kind: 'wait', pair: main, secretName: 'ann-main', from: undefined, rotation: undefined }],
        remove: [],
        removedPairs: [],
      });
    });

    it('is not deleted again if no pair needs it', () => {
      const none = accessKey({ keyPairs: [] });
      expect(plan(observed({ accessKey: none, secrets: [going] }))).toEqual({
        pairs: [],
        remove: [],
        removedPairs: [],
      });
    });

    it('does not pass its pair on to another Secret', () => {
      const renamed = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
      const former = secret({ name: 'ann-main', deletionTimestamp: at(-5) });
      expect(plan(observed({ accessKey: renamed, secrets: [former] })).pairs).toMatchObject([
        { kind: 'create', secretName: 'new', from: undefined, rotation: undefined },
      ]);
    });

    it('does not cause the former Secret to be removed', () => {
      const renamed = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
      const former = secret({ name: 'ann-main' });
      const next = secret({ name: 'new', deletionTimestamp: at(-5) });
      expect(plan(observed({ accessKey: renamed, secrets: [former, next] })).remove).toEqual([]);
    });
  });

  it.each([
    ['is invalid', { 'previous-sk': 'broken' }],
    ['is incomplete', { 'previous-ak': undefined }],
  ])('removes a previous pair that %s', (_, data) => {
    const subject = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] }, withPrevious);
    const until = { previousValidUntil: now + 1_800_000 };
    const found = secret({ of: subject, previous: keyPair(9), data, facts: until });
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toMatchObject([
      { kind: 'update', secret: found, facts: { previousValidUntil: undefined } },
    ]);
  });

  it('removes an unlabelled Secret that no pair names', () => {
    const stray = secret({ name: 'stray', labels: {} });
    expect(plan(observed({ secrets: [secret(), stray] })).remove).toEqual([stray]);
  });

  describe('if the Secret of a pair is renamed', () => {
    const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    const [pair] = renamed.spec.keyPairs ?? [];
    const former = secret({ name: 'ann-main' });

    it('moves the pair and keeps the former Secret meanwhile', () => {
      expect(plan(observed({ accessKey: renamed, secrets: [former] }))).toEqual({
        pairs: [{ kind: 'create', pair, secretName: 'new', from: former, rotation: undefined }],
        remove: [],
        removedPairs: [],
      });
    });

    it('removes the former Secret once the new one exists', () => {
      const moved = secret({ of: renamed });
      expect(plan(observed({ accessKey: renamed, secrets: [former, moved] }))).toEqual({
        pairs: [{ kind: 'keep', pair, secret: moved }],
        remove: [former],
        removedPairs: [],
      });
    });

    it('does not move an invalid pair', () => {
      const broken = secret({ name: 'ann-main', data: { sk: 'broken' } });
      expect(plan(observed({ accessKey: renamed, secrets: [broken] })).pairs).toEqual([
        { kind: 'create', pair, secretName: 'new', from: undefined, rotation: undefined },
      ]);
    });

    it('does not move the Secret of another pair', () => {
      const others = secret({ of: both, pair: 'ci' });
      const subject = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }, ci] });
      expect(plan(observed({ accessKey: subject, secrets: [others] })).pairs[0]).toEqual({
        kind: 'create',
        pair,
        secretName: 'new',
        from: undefined,
        rotation: undefined,
      });
    });
  });

  describe('if two pairs swap the names of their Secrets', () => {
    const swapped = {
      main: { name: 'main', secret: { name: 'ann-ci' } },
      ci: { name: 'ci', secret: { name: 'ann-main' } },
    };
    const secrets = [secret(), secret({ of: both, pair: 'ci', keys: keyPair(2) })] as const;
    const knownBoth = [pairStatus(), pairStatus({ name: 'ci', accessKey: keyPair(2).ak })];

    it('neither takes over the Secret of the other', () => {
      const subject = known({ keyPairs: [swapped.main, swapped.ci] }, ...knownBoth);
      expect(plan(observed({ accessKey: subject, secrets }))).toEqual({
        pairs: [
          { kind: 'conflict', pair: swapped.main, secretName: 'ann-ci', from: secrets[0], rotation: undefined },
          { kind: 'conflict', pair: swapped.ci, secretName: 'ann-main', from: secrets[1], rotation: undefined },
        ],
        remove: [],
        removedPairs: [],
      });
    });

    it('neither takes over the other Secret even if the labels are lost or swapped', () => {
      const subject = known({ keyPairs: [swapped.main, swapped.ci] }, ...knownBoth);
      const [first, second] = secrets;
      for (const [a, b] of [
        [{}, {}],
        [second.labels, first.labels],
      ] as const) {
        const found = [
          { ...first, labels: a },
          { ...second, labels: b },
        ];
        expect(plan(observed({ accessKey: subject, secrets: found }))).toMatchObject({
          pairs: [
            { kind: 'conflict', from: found[0] },
            { kind: 'conflict', from: found[1] },
          ],
          remove: [],
          removedPairs: [],
        });
      }
    });

    it('a pair that uses the former name of another waits until that one has moved', () => {
      const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }, swapped.ci] }, ...knownBoth);
      const moved = secret({ of: subject, pair: 'main' });
      const kinds = (found: Observed['secrets']) => {
        const { pairs, remove } = plan(observed({ accessKey: subject, secrets: found }));
        return [...pairs.map(({ kind }) => kind), ...remove.map(({ name }) => `remove ${name}`)];
      };
      expect(kinds(secrets)).toEqual(['create', 'conflict']);
      expect(kinds([...secrets, moved])).toEqual(['keep', 'conflict', 'remove ann-main']);
      expect(kinds([secrets[1], moved])).toEqual(['keep', 'create']);
    });
  });

  it('moves the pair in the status if another Secret claims to hold it too', () => {
    const renamed = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    const original = secret({ name: 'ann-main' });
    const other = secret({ name: 'restored', keys: keyPair(8) });
    for (const secrets of [
      [original, other],
      [other, original],
    ]) {
      expect(plan(observed({ accessKey: renamed, secrets })).pairs).toMatchObject([{ kind: 'create', from: original }]);
    }
  });

  it.each([
    ['the AccessKey is being deleted', { beingDeleted: true }],
    ['another AccessKey holds the user', { userHolder: 'shop/older' }],
    ['no AccessKey holds the user', { userHolder: undefined }],
  ])('plans nothing if %s', (_, parts) => {
    const secrets = [
      secret({ of: both, pair: 'ci', labels: {} }),
      secret({ data: { sk: 'broken' } }),
      secret({ name: 'stray' }),
    ];
    expect(plan(observed({ secrets, ...parts }))).toEqual({ pairs: [], remove: [], removedPairs: [] });
    expect(plan(observed(parts))).toEqual({ pairs: [], remove: [], removedPairs: [] });
  });

  it('is pure', () => {
    const frozen = Object.freeze(observed({ secrets: Object.freeze([secret({ labels: {} }), secret({ name: 'x' })]) }));
    const before = structuredClone(frozen);
    expect(plan(frozen)).toEqual(plan(frozen));
    expect(structuredClone(frozen)).toEqual(before);
  });
});

describe('a Secret whose annotated data keys do not hold the known pair', () => {
  const data = { id: keyPair(8).ak, token: keyPair(8).sk };
  const forged = { 'ghippo.io/ak-key': 'id', 'ghippo.io/sk-key': 'token' };
  const found = secret({ annotations: { ...secret().annotations, ...forged }, data });

  it('plans a new search', () => {
    expect(plan(observed({ accessKey: known(), secrets: [found] })).pairs).toEqual([
      { kind: 'recover', pair: main, secret: found },
    ]);
  });

  it('is accepted if the spec has these data keys or the pair is not known', () => {
    const wanted = known({ keyPairs: [{ ...main, secret: { akKey: 'id', skKey: 'token' } }] });
    expect(plan(observed({ accessKey: wanted, secrets: [found] })).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(plan(observed({ secrets: [found] })).pairs).toMatchObject([{ kind: 'update' }]);
  });
});

describe('a Secret with swapped data keys and without annotations', () => {
  const pair = { name: 'main', rotation: { interval: '1h' }, secret: { akKey: 'sk', skKey: 'ak' } };
  const subject = known({ keyPairs: [pair] });
  const found = secret({ of: subject, annotations: {}, createdAt: at(-864_000) });

  it('is searched again, and not rotated because of the age of the Secret', () => {
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toEqual([
      { kind: 'recover', pair, secret: found },
    ]);
  });

  it('keeps the cached record out of the status while the pair cannot move, since its ak may be the sk', () => {
    const moving = { ...pair, secret: { ...pair.secret, name: 'new' } };
    const blocked = known({ keyPairs: [moving] });
    const going = secret({ of: blocked, deletionTimestamp: at(-5) });
    const former = { ...found, name: 'ann-main' };
    expect(plan(observed({ accessKey: blocked, secrets: [former, going] })).pairs).toEqual([
      { kind: 'wait', pair: moving, secretName: 'new', from: undefined, rotation: undefined },
    ]);
  });
});
