import { describe, expect, it } from 'vitest';
import { type TimedUse, withUses as withUsesAt } from '../../../../src/accesskey/live/use.ts';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { accessKey, at, keyPair, known, now, pairStatus } from '../../../support/builders.ts';

const two = [pairStatus(), pairStatus({ name: 'ci', accessKey: keyPair(2).ak })];

/** Writes uses at the time of the last one, as a replica does. */
function withUses(accessKey: AccessKeyRecord, uses: TimedUse[]) {
  return withUsesAt(accessKey, uses, Math.max(now, ...uses.map((one) => one.at)));
}

/** A use of the pair `main`. */
function use(seconds: number, parts: Partial<TimedUse> = {}): TimedUse {
  const client = { id: 'uid-of-shop-ann', clientId: keyPair().ak, pairName: 'main', address: undefined };
  return { ...client, at: now + seconds * 1000, ...parts };
}

const ciUse = (seconds: number) => use(seconds, { pairName: 'ci', clientId: keyPair(2).ak });

describe('a use of a key pair', () => {
  it('sets the time of the used pair, in whole seconds, and leaves the other unchanged', () => {
    expect(withUses(known({}, ...two), [ciUse(1.999)])).toEqual({
      keyPairs: [two[0], { ...two[1], lastUsedTime: at(1) }],
    });
  });

  it('sets the time of each used pair', () => {
    expect(withUses(known({}, ...two), [use(1), ciUse(2)])).toMatchObject({
      keyPairs: [{ lastUsedTime: at(1) }, { lastUsedTime: at(2) }],
    });
  });

  it('sets the address of the client together with the time', () => {
    const subject = known({}, { lastUsedTime: at(0), lastClientAddress: '192.0.2.1' });
    const addressed = (seconds: number) => withUses(subject, [use(seconds, { address: '2001:db8::1' })]);
    expect(addressed(59)).toBeUndefined();
    expect(addressed(60)).toMatchObject({ keyPairs: [{ lastUsedTime: at(60), lastClientAddress: '2001:db8::1' }] });
  });

  it('removes the address of an earlier client if that of the last one is unknown', () => {
    const subject = known({}, { lastUsedTime: at(0), lastClientAddress: '192.0.2.1' });
    expect(withUses(subject, [use(60)])).toEqual({ keyPairs: [pairStatus({ lastUsedTime: at(60) })] });
  });

  it.each([
    ['a minute later', 60, true],
    ['just under a minute later', 59, false],
    ['at the same time', 0, false],
    ['earlier, according to another clock', -3600, false],
  ])('writes a use %s (%s s after the known time): %s', (_, seconds, isNew) => {
    const subject = known({}, { lastUsedTime: at(0) });
    const written = withUses(subject, [use(seconds)]);
    expect(written).toEqual(isNew ? { keyPairs: [pairStatus({ lastUsedTime: at(seconds) })] } : undefined);
  });

  it('is always written if it is the first one after a rotation', () => {
    const subject = known({}, { createdAt: at(10), lastUsedTime: at(5) });
    expect(withUses(subject, [use(20)])).toMatchObject({ keyPairs: [{ lastUsedTime: at(20) }] });
  });

  it('replaces an invalid time', () => {
    expect(withUses(known({}, { lastUsedTime: 'never' }), [use(0)])).toMatchObject({
      keyPairs: [{ lastUsedTime: at(0) }],
    });
  });

  it('is ignored for a removed pair, an ak that was rotated, and without uses', () => {
    expect(withUses(known(), [use(0, { pairName: 'gone' })])).toBeUndefined();
    expect(withUses(known(), [use(0, { clientId: keyPair(9).ak })])).toBeUndefined();
    expect(withUses(known(), [])).toBeUndefined();
    expect(withUses({ ...accessKey(), status: {} }, [use(0)])).toBeUndefined();
  });
});

describe('a use of the previous pair during an overlap', () => {
  const previous = { accessKey: keyPair(9).ak, validUntil: at(3600) };
  const subject = known({}, { previous, lastUsedTime: at(-5) });
  const previousUse = (seconds: number) => use(seconds, { clientId: keyPair(9).ak, address: '192.0.2.1' });

  it('is separate from that of the current pair', () => {
    const recorded = { ...previous, lastUsedTime: at(100), lastClientAddress: '192.0.2.1' };
    expect(withUses(subject, [previousUse(100)])).toEqual({
      keyPairs: [pairStatus({ lastUsedTime: at(-5), previous: recorded })],
    });
    expect(withUses(subject, [previousUse(100), use(200)])).toMatchObject({
      keyPairs: [{ lastUsedTime: at(200), previous: { lastUsedTime: at(100) } }],
    });
  });

  it('is written at most once a minute', () => {
    const used = known({}, { previous: { ...previous, lastUsedTime: at(100) } });
    expect(withUses(used, [previousUse(159)])).toBeUndefined();
  });
});

describe('a use by a ServiceAccount', () => {
  const subject = known({ serviceAccounts: ['ci', 'cd'] });
  const accountUse = (seconds: number, name = 'ci') =>
    use(seconds, { pairName: undefined, clientId: `system:serviceaccount:shop:${name}`, address: '192.0.2.1' });

  it('is recorded by name', () => {
    const written = withUses(subject, [accountUse(1), accountUse(2, 'cd')]);
    expect(written?.serviceAccounts).toEqual([
      { name: 'ci', lastUsedTime: at(1), lastClientAddress: '192.0.2.1' },
      { name: 'cd', lastUsedTime: at(2), lastClientAddress: '192.0.2.1' },
    ]);
  });

  it('is written at most once a minute, and does not change the others', () => {
    const serviceAccounts = [{ name: 'cd', lastUsedTime: at(0) }];
    const used = { ...subject, status: { ...subject.status, serviceAccounts } };
    expect(withUses(used, [accountUse(59, 'cd')])).toBeUndefined();
    expect(withUses(used, [accountUse(1)])?.serviceAccounts).toMatchObject([{ name: 'cd' }, { name: 'ci' }]);
  });

  it('is ignored if the AccessKey no longer names the ServiceAccount', () => {
    expect(withUses(subject, [accountUse(1, 'gone')])).toBeUndefined();
    expect(withUses(known(), [accountUse(1)])).toBeUndefined();
  });
});

describe('a time that was recorded while a clock was ahead', () => {
  const month = 30 * 86_400;

  it.each([
    ['of the pair', known({}, { lastUsedTime: at(month), lastClientAddress: '192.0.2.1' }), use(0)],
    [
      'of the previous pair',
      known({}, { previous: { accessKey: keyPair(9).ak, validUntil: at(60), lastUsedTime: at(month) } }),
      use(0, { clientId: keyPair(9).ak }),
    ],
  ])('is replaced by the next use %s', (_, subject, next) => {
    expect(JSON.stringify(withUsesAt(subject, [next], now))).toContain(`"lastUsedTime":"${at(0)}"`);
  });

  it('is replaced by the next use of a ServiceAccount', () => {
    const subject = known({ serviceAccounts: ['ci'] });
    const frozen = {
      ...subject,
      status: { ...subject.status, serviceAccounts: [{ name: 'ci', lastUsedTime: at(month) }] },
    };
    const next = use(0, { pairName: undefined, clientId: 'system:serviceaccount:shop:ci' });
    expect(withUsesAt(frozen, [next], now)?.serviceAccounts).toEqual([{ name: 'ci', lastUsedTime: at(0) }]);
  });

  it('is kept within the tolerated difference of clocks', () => {
    expect(withUsesAt(known({}, { lastUsedTime: at(300) }), [use(0)], now)).toBeUndefined();
    expect(withUsesAt(known({}, { lastUsedTime: at(1200) }), [use(0)], now + 1_200_000)).toBeUndefined();
  });

  it('is written as the current time', () => {
    expect(withUsesAt(known(), [use(month)], now)).toMatchObject({ keyPairs: [{ lastUsedTime: at(0) }] });
  });
});
