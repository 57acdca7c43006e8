import { describe, expect, it } from 'vitest';
import type { KeyPairSpec, KeyPairStatus } from '../../../../src/accesskey/model/access-key-record.ts';
import { annotations } from '../../../../src/credential/secret-format.ts';
import { accessKey, at, keyPair, known, now, rawSecret, secret } from '../../../support/builders.ts';
import { planOf, reconcileOnce, settle } from './reconciles.ts';
import { createSecretsApi } from './secrets-api.ts';

const hour = 3_600_000;
/** When the pair of `secret()` was generated. */
const generated = now - 1_800_000;

/** The planned action for a pair with this spec that is in the status, with the rotation that was announced. */
function actionAt(time: number, pair: Partial<KeyPairSpec>, suspended = false) {
  const announced = pair.rotation?.interval === undefined ? {} : { nextRotationAt: at(1800) };
  const subject = known({ keyPairs: [{ name: 'main', ...pair }], suspended }, announced);
  return planOf(subject, [secret({ of: subject })], time).pairs[0];
}

describe('rotation by revision', () => {
  it.each([
    ['the status', known({}, { revision: 5 }), secret(), 5],
    ['the annotation', accessKey(), secret({ facts: { revision: 5 } }), 1],
  ])('is not due if the spec has no revision, whatever %s has', (_, subject, found, revision) => {
    expect(planOf(subject, [found]).pairs).toMatchObject([{ kind: 'update', facts: { revision } }]);
  });

  it('stays possible if the annotation was forged before the first status', async () => {
    const api = createSecretsApi(rawSecret({ facts: { revision: Number.MAX_SAFE_INTEGER } }));
    const { accessKey: first } = await settle(api, accessKey());
    expect(first.status.keyPairs).toMatchObject([{ revision: 1, accessKey: keyPair().ak }]);
    const raised = { ...first, spec: { ...first.spec, keyPairs: [{ name: 'main', revision: 2 }] } };
    expect((await reconcileOnce(api, raised)).pairs).toMatchObject([{ change: 'rotated', cause: 'revision' }]);
  });

  it('is due if the revision in the spec is higher than that of the pair', () => {
    expect(actionAt(now, { revision: 2 })).toMatchObject({ kind: 'rotate', cause: 'revision' });
    expect(actionAt(now, { revision: 1 })).toMatchObject({ kind: 'keep' });
  });

  it('uses the annotation if the pair is not in the status', () => {
    const subject = accessKey({ keyPairs: [{ name: 'main', revision: 3 }] });
    const [older, same] = [2, 3].map((revision) => secret({ of: subject, facts: { revision } }));
    expect(planOf(subject, older ? [older] : []).pairs).toMatchObject([{ kind: 'rotate', cause: 'revision' }]);
    expect(planOf(subject, same ? [same] : []).pairs).toMatchObject([{ kind: 'keep' }]);
  });

  it('does not happen again if only the annotation shows the first rotation', () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 2 }] }, { accessKey: keyPair(7).ak });
    const rotated = secret({ of: subject, facts: { revision: 2, generatedAt: now } });
    expect(planOf(subject, [rotated]).pairs).toMatchObject([{ kind: 'keep' }]);
  });

  it.each(['', '0', '-1', '1.5', 'two', '99999999999999999999'])(
    'is not due because of the invalid annotation %j',
    (revision) => {
      const subject = accessKey({ keyPairs: [{ name: 'main', revision: 2 }] });
      const sound = secret({ of: subject, facts: { revision: 2 } });
      const found = { ...sound, annotations: { ...sound.annotations, [annotations.revision]: revision } };
      expect(planOf(subject, [found]).pairs).toMatchObject([{ kind: 'update', facts: { revision: 2 } }]);
    },
  );

  it.each([
    ['disabled', { enabled: false }, false],
    ['expired', { expiresAt: at(-1) }, false],
    ['suspended', {}, true],
  ])('also happens while the pair is %s, because a person requested it', (_, pair, suspended) => {
    expect(actionAt(now, { revision: 2, ...pair }, suspended)).toMatchObject({ kind: 'rotate', cause: 'revision' });
  });
});

describe('rotation by interval', () => {
  const rotation = { interval: '1h' };

  it('is due exactly when the interval ends', () => {
    expect(actionAt(generated + hour - 1, { rotation })).toMatchObject({ kind: 'keep' });
    expect(actionAt(generated + hour, { rotation })).toMatchObject({ kind: 'rotate', cause: 'interval' });
  });

  it('is not due without an interval, however old the pair is', () => {
    expect(actionAt(generated + 1e6 * hour, { rotation: { overlap: '1h' } })).toMatchObject({ kind: 'keep' });
  });

  it.each([
    ['disabled', { enabled: false }, false],
    ['expired', { expiresAt: at(0) }, false],
    ['suspended', {}, true],
  ])('waits while the pair is %s', (_, pair, suspended) => {
    const time = generated + 10 * hour;
    expect(actionAt(time, { rotation, ...pair }, suspended)).toMatchObject({ kind: 'keep' });
    expect(actionAt(time, { rotation })).toMatchObject({ kind: 'rotate' });
  });

  describe('of a pair that is older than an added interval', () => {
    const day = 24 * hour;
    const old = { createdAt: at(-30 * 86_400) };
    const facts = { generatedAt: now - 30 * day };
    const reconciled = async (pair: Partial<KeyPairSpec>, status: Partial<KeyPairStatus> = {}) => {
      const subject = known({ keyPairs: [{ name: 'main', ...pair }] }, { ...old, ...status });
      const api = createSecretsApi(rawSecret({ of: subject, facts }));
      const { accessKey: after } = await settle(api, subject);
      return { api, after };
    };

    it.each([
      ['1h', at(3600)],
      ['24h', at(86_400)],
      ['240h', at(86_400)],
    ])('is announced and happens after the interval %s, at most a day later', async (interval, nextRotationAt) => {
      const { api, after } = await reconciled({ rotation: { interval } });
      expect(api.get('ann-main')?.data).toEqual(rawSecret().data);
      expect(after.status.keyPairs).toMatchObject([{ accessKey: keyPair().ak, nextRotationAt }]);
      const due = Date.parse(nextRotationAt);
      const [before] = (await reconcileOnce(api, after, due - 1)).pairs;
      expect(before?.change).not.toBe('rotated');
      const [then] = (await reconcileOnce(api, after, due)).pairs;
      expect(then).toMatchObject({ change: 'rotated', cause: 'interval' });
    });

    it.each<[string, Partial<KeyPairStatus>]>([
      ['', {}],
      [
        ' and the overlap is removed',
        { state: 'Rotating', previous: { accessKey: keyPair(2).ak, validUntil: at(60) } },
      ],
    ])('is announced if the interval is shortened%s', async (_, status) => {
      const announced = { nextRotationAt: at(60 * 86_400), ...status };
      const { after } = await reconciled({ rotation: { interval: '48h' } }, announced);
      expect(after.status.keyPairs).toMatchObject([{ accessKey: keyPair().ak, nextRotationAt: at(86_400) }]);
    });

    it('happens immediately with an overlap, during which the pair stays valid', async () => {
      const { after } = await reconciled({ rotation: { interval: '48h', overlap: '1h' } });
      expect(after.status.keyPairs).toMatchObject([{ state: 'Rotating', previous: { accessKey: keyPair().ak } }]);
    });
  });

  it('counts from the last rotation, not from the creation of the Secret', () => {
    const announced = { createdAt: at(0), nextRotationAt: at(3600) };
    const subject = known({ keyPairs: [{ name: 'main', rotation }] }, announced);
    const found = secret({ of: subject, createdAt: at(-864_000), facts: { generatedAt: now } });
    expect(planOf(subject, [found], now + hour - 1).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(planOf(subject, [found], now + hour).pairs).toMatchObject([{ kind: 'rotate' }]);
  });

  it('counts from the creation of the Secret if neither status nor annotation have a time', () => {
    const announced = { createdAt: '', nextRotationAt: at(1800) };
    const subject = known({ keyPairs: [{ name: 'main', rotation }] }, announced);
    const found = secret({ of: subject, annotations: {}, createdAt: at(-1800) });
    expect(planOf(subject, [found], generated + hour - 1).pairs).toMatchObject([{ kind: 'update' }]);
    expect(planOf(subject, [found], generated + hour).pairs).toMatchObject([{ kind: 'rotate', cause: 'interval' }]);
  });

  it('is planned with a move', () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 2, secret: { name: 'new' } }] });
    const former = secret({ name: 'ann-main' });
    expect(planOf(subject, [former]).pairs).toMatchObject([{ kind: 'create', from: former }]);
  });
});

describe('the previous pair', () => {
  /** Rotated at `generated`; the overlap ends half an hour from now. */
  function overlapping(rotation: KeyPairSpec['rotation'], isKnown = true) {
    const until = { validUntil: at(1800), accessKey: keyPair(9).ak };
    const parts = { keyPairs: [{ name: 'main', ...(rotation && { rotation }) }] };
    const subject = isKnown ? known(parts, { previous: until }) : accessKey(parts);
    const facts = { previousValidUntil: now + 1_800_000 };
    return { subject, found: secret({ of: subject, previous: keyPair(9), facts }) };
  }

  it.each([true, false])('stays exactly until the overlap ends, in the status: %s', (isKnown) => {
    const { subject, found } = overlapping({ overlap: '1h' }, isKnown);
    expect(planOf(subject, [found], now + 1_799_999).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(planOf(subject, [found], now + 1_800_000).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('ends sooner if the overlap is shortened', () => {
    const { subject, found } = overlapping({ overlap: '45m' });
    const end = generated + 2_700_000;
    expect(planOf(subject, [found], end - 1).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: end } },
    ]);
    expect(planOf(subject, [found], end).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it.each([undefined, { interval: '2h' }, { overlap: '0s' }])('ends immediately with the rotation %j', (rotation) => {
    const { subject, found } = overlapping(rotation);
    expect(planOf(subject, [found]).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('does not last longer if the overlap is extended', () => {
    const { subject, found } = overlapping({ overlap: '24h' });
    expect(planOf(subject, [found], now + 1_800_000).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('does not last longer because of a forged annotation', () => {
    const { subject, found } = overlapping({ overlap: '1h' });
    const forged = { ...found, annotations: { ...found.annotations, [annotations.previousValidUntil]: at(864_000) } };
    expect(planOf(subject, [forged]).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: now + 1_800_000 } },
    ]);
    const stranger = { ...subject, status: {} };
    expect(planOf(stranger, [forged], generated + hour).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('ends immediately without a recorded end', () => {
    const { subject, found } = overlapping({ overlap: '1h' }, false);
    const { [annotations.previousValidUntil]: _, ...others } = found.annotations;
    expect(planOf(subject, [{ ...found, annotations: others }]).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });
});
