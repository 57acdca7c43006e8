import { describe, expect, it } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { annotations } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, known, now, secret } from '../../../support/builders.ts';
import { planOf } from './passes.ts';

const hour = 3_600_000;
/** When the pair of `secret()` was made. */
const made = now - 1_800_000;

/** What is planned for a pair of this spec, made at `made` and known to the status. */
function actionAt(time: number, pair: Partial<KeyPairSpec>, suspended = false) {
  const subject = known({ keyPairs: [{ name: 'main', ...pair }], suspended });
  return planOf(subject, [secret({ of: subject })], time).pairs[0];
}

describe('rotation by revision', () => {
  it('is due when the spec asks for a higher one than the pair was made for', () => {
    expect(actionAt(now, { revision: 2 })).toMatchObject({ kind: 'rotate', cause: 'revision' });
    expect(actionAt(now, { revision: 1 })).toMatchObject({ kind: 'keep' });
  });

  it('is by the note on the Secret when the status does not know the pair', () => {
    const subject = accessKey({ keyPairs: [{ name: 'main', revision: 3 }] });
    const [older, same] = [2, 3].map((revision) => secret({ of: subject, facts: { revision } }));
    expect(planOf(subject, older ? [older] : []).pairs).toMatchObject([{ kind: 'rotate', cause: 'revision' }]);
    expect(planOf(subject, same ? [same] : []).pairs).toMatchObject([{ kind: 'keep' }]);
  });

  it('is not done again when the status is behind: the note on the Secret says that it was done', () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 2 }] }, { accessKey: keyPair(7).ak });
    const rotated = secret({ of: subject, facts: { revision: 2, generatedAt: now } });
    expect(planOf(subject, [rotated]).pairs).toMatchObject([{ kind: 'keep' }]);
  });

  it.each(['', '0', '-1', '1.5', 'two', '99999999999999999999'])(
    'is not asked for by the note %j, which is no revision, when nothing else is known',
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
  ])('is done while the pair is %s too, since a person asks for it', (_, pair, suspended) => {
    expect(actionAt(now, { revision: 2, ...pair }, suspended)).toMatchObject({ kind: 'rotate', cause: 'revision' });
  });
});

describe('rotation by interval', () => {
  const rotation = { interval: '1h' };

  it('is due at the very millisecond, and not one before', () => {
    expect(actionAt(made + hour - 1, { rotation })).toMatchObject({ kind: 'keep' });
    expect(actionAt(made + hour, { rotation })).toMatchObject({ kind: 'rotate', cause: 'interval' });
  });

  it('is not due without an interval, however old the pair', () => {
    expect(actionAt(made + 1e6 * hour, { rotation: { overlap: '1h' } })).toMatchObject({ kind: 'keep' });
  });

  it.each([
    ['disabled', { enabled: false }, false],
    ['expired', { expiresAt: at(0) }, false],
    ['suspended', {}, true],
  ])('is not done while the pair is %s', (_, pair, suspended) => {
    const time = made + 10 * hour;
    expect(actionAt(time, { rotation, ...pair }, suspended)).toMatchObject({ kind: 'keep' });
    expect(actionAt(time, { rotation })).toMatchObject({ kind: 'rotate' });
  });

  it('is counted from the rotation before, not from the making of the Secret', () => {
    const subject = known({ keyPairs: [{ name: 'main', rotation }] }, { createdAt: at(0) });
    const found = secret({ of: subject, createdAt: at(-864_000), facts: { generatedAt: now } });
    expect(planOf(subject, [found], now + hour - 1).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(planOf(subject, [found], now + hour).pairs).toMatchObject([{ kind: 'rotate' }]);
  });

  it('is counted from the making of the Secret when neither status nor note tell more', () => {
    const subject = accessKey({ keyPairs: [{ name: 'main', rotation }] });
    const found = secret({ of: subject, annotations: {}, createdAt: at(-1800) });
    expect(planOf(subject, [found], made + hour - 1).pairs).toMatchObject([{ kind: 'update' }]);
    expect(planOf(subject, [found], made + hour).pairs).toMatchObject([{ kind: 'rotate', cause: 'interval' }]);
  });

  it('is done after the pair has moved, when both are asked for', () => {
    const subject = known({ keyPairs: [{ name: 'main', revision: 2, secret: { name: 'new' } }] });
    const former = secret({ name: 'ann-main' });
    expect(planOf(subject, [former]).pairs).toMatchObject([{ kind: 'create', from: former }]);
  });
});

describe('the previous pair', () => {
  /** Rotated at `made`, its previous pair promised until half an hour from now. */
  function overlapping(rotation: KeyPairSpec['rotation'], isKnown = true) {
    const until = { validUntil: at(1800), accessKey: keyPair(9).ak };
    const parts = { keyPairs: [{ name: 'main', ...(rotation && { rotation }) }] };
    const subject = isKnown ? known(parts, { previous: until }) : accessKey(parts);
    const facts = { previousValidUntil: now + 1_800_000 };
    return { subject, found: secret({ of: subject, previous: keyPair(9), facts }) };
  }

  it.each([true, false])('stays until the very millisecond of its end, known to the status: %s', (isKnown) => {
    const { subject, found } = overlapping({ overlap: '1h' }, isKnown);
    expect(planOf(subject, [found], now + 1_799_999).pairs).toMatchObject([{ kind: 'keep' }]);
    expect(planOf(subject, [found], now + 1_800_000).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('ends sooner when the overlap is made shorter', () => {
    const { subject, found } = overlapping({ overlap: '45m' });
    const end = made + 2_700_000;
    expect(planOf(subject, [found], end - 1).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: end } },
    ]);
    expect(planOf(subject, [found], end).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it.each([undefined, { interval: '2h' }, { overlap: '0s' }])('ends at once with the rotation %j', (rotation) => {
    const { subject, found } = overlapping(rotation);
    expect(planOf(subject, [found]).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('does not last longer than was promised at the rotation', () => {
    const { subject, found } = overlapping({ overlap: '24h' });
    expect(planOf(subject, [found], now + 1_800_000).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('does not last longer because of a forged note', () => {
    const { subject, found } = overlapping({ overlap: '1h' });
    const forged = { ...found, annotations: { ...found.annotations, [annotations.previousValidUntil]: at(864_000) } };
    expect(planOf(subject, [forged]).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: now + 1_800_000 } },
    ]);
    const stranger = { ...subject, status: {} };
    expect(planOf(stranger, [forged], made + hour).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });

  it('is given no time that nobody noted', () => {
    const { subject, found } = overlapping({ overlap: '1h' }, false);
    const { [annotations.previousValidUntil]: _, ...notes } = found.annotations;
    expect(planOf(subject, [{ ...found, annotations: notes }]).pairs).toMatchObject([
      { kind: 'update', facts: { previousValidUntil: undefined } },
    ]);
  });
});
