import { describe, expect, it } from 'vitest';
import { labelsOf } from '../../../../src/accesskey/reconcile/desired-secret.ts';
import { type Observed, plan as planAt } from '../../../../src/accesskey/reconcile/plan.ts';
import { accessKeyLabel, annotations, keyPairLabel, managedBy } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, known, now, pairStatus, secret } from '../../../support/builders.ts';

const one = accessKey();
const main = { name: 'main' };
const ci = { name: 'ci' };
const both = accessKey({ keyPairs: [main, ci] });
/** What is known of the pair that `secret()` holds. */
const facts = { revision: 1, generatedAt: now - 1_800_000, previousValidUntil: undefined };

function plan(what: Observed) {
  return planAt(what, now);
}

const withPrevious = { previous: { accessKey: keyPair(9).ak, validUntil: at(1800) } };

function observed(parts: Partial<Observed> = {}): Observed {
  const { accessKey: subject = one } = parts;
  return { accessKey: subject, stopped: false, userHolder: subject.key, secrets: [], ...parts };
}

describe('labelsOf', () => {
  it('names us, the AccessKey and the pair', () => {
    expect(labelsOf(one, main)).toEqual({
      'app.kubernetes.io/managed-by': 'accesskey-operator',
      'ghippo.io/access-key': 'ann',
      'ghippo.io/key-pair': 'main',
    });
  });
});

describe('plan', () => {
  it('creates the Secret of each pair that has none', () => {
    expect(plan(observed({ accessKey: both }))).toEqual({
      pairs: [
        { kind: 'create', pair: main, secretName: 'ann-main', from: undefined, rotation: undefined },
        { kind: 'create', pair: ci, secretName: 'ann-ci', from: undefined, rotation: undefined },
      ],
      remove: [],
      retired: [],
    });
  });

  it('keeps what is as it should be', () => {
    const secrets = [secret({ of: both, pair: 'ci', keys: keyPair(2) }), secret({ of: both, pair: 'main' })];
    expect(plan(observed({ accessKey: both, secrets }))).toEqual({
      pairs: [
        { kind: 'keep', pair: main, secret: secrets[1] },
        { kind: 'keep', pair: ci, secret: secrets[0] },
      ],
      remove: [],
      retired: [],
    });
  });

  it.each([managedBy.label, accessKeyLabel, keyPairLabel])('puts the label %s back when it was lost', (label) => {
    const { [label]: _, ...labels } = labelsOf(one, main);
    const found = secret({ labels });
    expect(plan(observed({ secrets: [found] }))).toEqual({
      pairs: [{ kind: 'update', pair: main, secret: found, facts }],
      remove: [],
      retired: [],
    });
  });

  it.each([
    ['all labels are gone', {}],
    ['a label has another value', { ...labelsOf(one, main), [accessKeyLabel]: 'bob' }],
  ])('puts labels back when %s', (_, labels) => {
    const found = secret({ labels });
    expect(plan(observed({ secrets: [found] }))).toEqual({
      pairs: [{ kind: 'update', pair: main, secret: found, facts }],
      remove: [],
      retired: [],
    });
  });

  it('leaves labels of other people alone', () => {
    const found = secret({ labels: { ...labelsOf(one, main), team: 'shop' } });
    expect(plan(observed({ secrets: [found] })).pairs).toEqual([{ kind: 'keep', pair: main, secret: found }]);
  });

  it('puts the label back that names another pair, when the status knows which it is', () => {
    const subject = known();
    const found = secret({ labels: labelsOf(one, { name: 'former' }) });
    expect(plan(observed({ accessKey: subject, secrets: [found] }))).toEqual({
      pairs: [{ kind: 'update', pair: main, secret: found, facts }],
      remove: [],
      retired: [],
    });
  });

  it.each(Object.values(annotations).filter((note) => note !== annotations.adopt))(
    'does nothing but put it back when the annotation %s was lost',
    (note) => {
      const pair = { name: 'main', secret: { labels: { team: 'shop' } } };
      const rotated = known({ keyPairs: [{ ...pair, rotation: { overlap: '1h' } }] }, withPrevious);
      const whole = secret({ of: rotated, previous: keyPair(9), facts: { previousValidUntil: now + 1_800_000 } });
      const { [note]: lost, ...rest } = whole.annotations;
      expect(lost).toBeDefined();
      const found = { ...whole, annotations: rest };
      expect(plan(observed({ accessKey: rotated, secrets: [found] })).pairs).toMatchObject([
        { kind: 'update', secret: found, facts: { ...facts, previousValidUntil: now + 1_800_000 } },
      ]);
    },
  );

  it('keeps revision, age and previous pair when all annotations were lost', () => {
    const subject = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] }, withPrevious);
    const found = secret({ of: subject, annotations: {}, previous: keyPair(9), createdAt: at(-86_400) });
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toEqual([
      {
        ...{ kind: 'update', pair: subject.spec.keyPairs?.[0], secret: found },
        facts: { ...facts, previousValidUntil: now + 1_800_000 },
      },
    ]);
  });

  it.each([
    ['revision', '7', 'raised'],
    ['revision', '0', 'no number'],
    ['generatedAt', '2020-01-01T00:00:00Z', 'older'],
    ['generatedAt', 'never', 'no time'],
  ] as const)('does not believe the annotation %s when the status knows better: %s, %s', (note, value, _) => {
    const pair = { name: 'main', revision: 2, rotation: { interval: '1h' } };
    const subject = known({ keyPairs: [pair] }, { revision: 2 });
    const sound = secret({ of: subject, facts: { revision: 2 } });
    const found = { ...sound, annotations: { ...sound.annotations, [annotations[note]]: value } };
    expect(plan(observed({ accessKey: subject, secrets: [sound] })).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toEqual([
      { kind: 'update', pair, secret: found, facts: { ...facts, revision: 2 } },
    ]);
  });

  it.each([
    ['no ak', { ak: undefined }],
    ['no sk', { sk: undefined }],
    ['no data', { ak: undefined, sk: undefined }],
    ['an sk that is no UUID', { sk: 'hunter2' }],
  ])('regenerates in place when there is %s, labels or not', (_, data) => {
    for (const labels of [labelsOf(one, main), {}]) {
      const found = secret({ data, labels });
      expect(plan(observed({ secrets: [found] }))).toEqual({
        pairs: [{ kind: 'regenerate', pair: main, secret: found }],
        remove: [],
        retired: [],
      });
    }
  });

  it('removes the Secret of a pair that is wanted no more', () => {
    const kept = secret();
    const left = secret({ of: both, pair: 'ci', keys: keyPair(2) });
    expect(plan(observed({ secrets: [kept, left] }))).toEqual({
      pairs: [{ kind: 'keep', pair: main, secret: kept }],
      remove: [left],
      retired: [],
    });
    const none = accessKey({ keyPairs: [] });
    expect(plan(observed({ accessKey: none, secrets: [kept, left] }))).toEqual({
      pairs: [],
      remove: [kept, left],
      retired: [],
    });
  });

  it('takes spec.keyPairs that are not there as none', () => {
    const bare = { ...one, spec: { user: one.spec.user } };
    expect(plan(observed({ accessKey: bare, secrets: [] }))).toEqual({ pairs: [], remove: [], retired: [] });
  });

  it('lets no pair inherit the keys of a removed one whose Secret it wants: the Secret goes first', () => {
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
        retired: [],
      });
    }
  });

  it('removes the Secret of a removed pair that no status knows, by its label', () => {
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
      retired: [],
    });
  });

  it('removes a copy that somebody made of a Secret, and keeps the original', () => {
    const copy = secret({ name: 'copy' });
    const original = secret();
    expect(plan(observed({ accessKey: known(), secrets: [copy, original] }))).toEqual({
      pairs: [{ kind: 'keep', pair: main, secret: original }],
      remove: [copy],
      retired: [],
    });
  });

  describe('a Secret that is marked for deletion', () => {
    const going = secret({ deletionTimestamp: at(-5) });

    it('is waited for, since its name is taken until then', () => {
      expect(plan(observed({ accessKey: known(), secrets: [going] }))).toEqual({
        pairs: [{ kind: 'wait', pair: main, secretName: 'ann-main', from: undefined, rotation: undefined }],
        remove: [],
        retired: [],
      });
    });

    it('is not deleted once more when nobody wants it', () => {
      const none = accessKey({ keyPairs: [] });
      expect(plan(observed({ accessKey: none, secrets: [going] }))).toEqual({ pairs: [], remove: [], retired: [] });
    });

    it('gives its pair to no other Secret', () => {
      const renamed = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
      const former = secret({ name: 'ann-main', deletionTimestamp: at(-5) });
      expect(plan(observed({ accessKey: renamed, secrets: [former] })).pairs).toMatchObject([
        { kind: 'create', secretName: 'new', from: undefined, rotation: undefined },
      ]);
    });

    it('does not let the Secret of the former name go', () => {
      const renamed = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
      const former = secret({ name: 'ann-main' });
      const next = secret({ name: 'new', deletionTimestamp: at(-5) });
      expect(plan(observed({ accessKey: renamed, secrets: [former, next] })).remove).toEqual([]);
    });
  });

  it.each([
    ['is malformed', { 'previous-sk': 'broken' }],
    ['is half gone', { 'previous-ak': undefined }],
  ])('takes a previous pair away that %s', (_, data) => {
    const subject = known({ keyPairs: [{ name: 'main', rotation: { overlap: '1h' } }] }, withPrevious);
    const until = { previousValidUntil: now + 1_800_000 };
    const found = secret({ of: subject, previous: keyPair(9), data, facts: until });
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toMatchObject([
      { kind: 'update', secret: found, facts: { previousValidUntil: undefined } },
    ]);
  });

  it('removes an unlabelled Secret of ours that no pair names', () => {
    const stray = secret({ name: 'stray', labels: {} });
    expect(plan(observed({ secrets: [secret(), stray] })).remove).toEqual([stray]);
  });

  describe('when the Secret of a pair is renamed', () => {
    const renamed = accessKey({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    const [pair] = renamed.spec.keyPairs ?? [];
    const former = secret({ name: 'ann-main' });

    it('moves the pair over and keeps the former Secret until then', () => {
      expect(plan(observed({ accessKey: renamed, secrets: [former] }))).toEqual({
        pairs: [{ kind: 'create', pair, secretName: 'new', from: former, rotation: undefined }],
        remove: [],
        retired: [],
      });
    });

    it('removes the former Secret when the new one is there', () => {
      const moved = secret({ of: renamed });
      expect(plan(observed({ accessKey: renamed, secrets: [former, moved] }))).toEqual({
        pairs: [{ kind: 'keep', pair, secret: moved }],
        remove: [former],
        retired: [],
      });
    });

    it('does not move what is malformed', () => {
      const broken = secret({ name: 'ann-main', data: { sk: 'broken' } });
      expect(plan(observed({ accessKey: renamed, secrets: [broken] })).pairs).toEqual([
        { kind: 'create', pair, secretName: 'new', from: undefined, rotation: undefined },
      ]);
    });

    it('does not take the pair of another pair', () => {
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

  describe('when two pairs change their names of Secrets', () => {
    const swapped = {
      main: { name: 'main', secret: { name: 'ann-ci' } },
      ci: { name: 'ci', secret: { name: 'ann-main' } },
    };
    const secrets = [secret(), secret({ of: both, pair: 'ci', keys: keyPair(2) })] as const;
    const knownBoth = [pairStatus(), pairStatus({ name: 'ci', accessKey: keyPair(2).ak })];

    it('neither takes the Secret of the other', () => {
      const subject = known({ keyPairs: [swapped.main, swapped.ci] }, ...knownBoth);
      expect(plan(observed({ accessKey: subject, secrets }))).toEqual({
        pairs: [
          { kind: 'conflict', pair: swapped.main, secretName: 'ann-ci', from: secrets[0], rotation: undefined },
          { kind: 'conflict', pair: swapped.ci, secretName: 'ann-main', from: secrets[1], rotation: undefined },
        ],
        remove: [],
        retired: [],
      });
    });

    it('neither does when the labels are lost or exchanged', () => {
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
          retired: [],
        });
      }
    });

    it('one that takes the former name of the other waits until that has moved', () => {
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

  it('moves the pair that the status knows, when another Secret says to hold it too', () => {
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
    ['the AccessKey is stopped', { stopped: true }],
    ['another AccessKey holds the claim', { userHolder: 'shop/older' }],
    ['nobody holds the claim', { userHolder: undefined }],
  ])('touches nothing when %s', (_, parts) => {
    const secrets = [
      secret({ of: both, pair: 'ci', labels: {} }),
      secret({ data: { sk: 'broken' } }),
      secret({ name: 'stray' }),
    ];
    expect(plan(observed({ secrets, ...parts }))).toEqual({ pairs: [], remove: [], retired: [] });
    expect(plan(observed(parts))).toEqual({ pairs: [], remove: [], retired: [] });
  });

  it('is pure', () => {
    const frozen = Object.freeze(observed({ secrets: Object.freeze([secret({ labels: {} }), secret({ name: 'x' })]) }));
    const before = structuredClone(frozen);
    expect(plan(frozen)).toEqual(plan(frozen));
    expect(structuredClone(frozen)).toEqual(before);
  });
});

describe('a Secret whose notes lead to other values than the known pair', () => {
  const data = { id: keyPair(8).ak, token: keyPair(8).sk };
  const notes = { 'ghippo.io/ak-key': 'id', 'ghippo.io/sk-key': 'token' };
  const found = secret({ annotations: { ...secret().annotations, ...notes }, data });

  it('is looked into again', () => {
    expect(plan(observed({ accessKey: known(), secrets: [found] })).pairs).toEqual([
      { kind: 'regenerate', pair: main, secret: found },
    ]);
  });

  it('is believed when the spec wants it there, or nothing else is known', () => {
    const wanted = known({ keyPairs: [{ ...main, secret: { akKey: 'id', skKey: 'token' } }] });
    expect(plan(observed({ accessKey: wanted, secrets: [found] })).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(plan(observed({ secrets: [found] })).pairs).toMatchObject([{ kind: 'update' }]);
  });
});

describe('a Secret with exchanged data keys whose notes are lost', () => {
  const pair = { name: 'main', rotation: { interval: '1h' }, secret: { akKey: 'sk', skKey: 'ak' } };
  const subject = known({ keyPairs: [pair] });
  const found = secret({ of: subject, annotations: {}, createdAt: at(-864_000) });

  it('is looked into again, and not rotated by the age of the Secret', () => {
    expect(plan(observed({ accessKey: subject, secrets: [found] })).pairs).toEqual([
      { kind: 'regenerate', pair, secret: found },
    ]);
  });

  it('is not what holds the pair while it cannot move: what it takes for the ak is the sk', () => {
    const moving = { ...pair, secret: { ...pair.secret, name: 'new' } };
    const blocked = known({ keyPairs: [moving] });
    const going = secret({ of: blocked, deletionTimestamp: at(-5) });
    const former = { ...found, name: 'ann-main' };
    expect(plan(observed({ accessKey: blocked, secrets: [former, going] })).pairs).toEqual([
      { kind: 'wait', pair: moving, secretName: 'new', from: undefined, rotation: undefined },
    ]);
  });
});
