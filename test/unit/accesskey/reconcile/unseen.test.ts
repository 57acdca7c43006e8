import { describe, expect, it } from 'vitest';
import { waitForWatchMs, watchLatencyMs, writtenSecrets } from '../../../../src/accesskey/reconcile/unseen.ts';
import { accessKey, secret } from '../../../support/builders.ts';
import { present } from './outcomes.ts';

const one = accessKey();
const written = { pairs: [{ ...present(), secret: secret({ resourceVersion: '21' }) }], notRemoved: [] };
const none = () => undefined;

describe('a written Secret', () => {
  it('is unseen until the cache differs from what it was before', () => {
    for (const before of [undefined, '20']) {
      const secrets = writtenSecrets(one, written, () => before, 5);
      if (!secrets) throw new Error('nothing was written');
      expect(waitForWatchMs({ secrets }, one, () => before, 5)).toBe(watchLatencyMs);
      for (const shown of ['21', '22']) expect(waitForWatchMs({ secrets }, one, () => shown, 5)).toBe(0);
    }
  });

  it('is unseen together with the others', () => {
    const other = { ...present(), secret: secret({ name: 'ann-ci', resourceVersion: '22' }) };
    const secrets = writtenSecrets(one, { ...written, pairs: [...written.pairs, other] }, none, 5);
    if (!secrets) throw new Error('nothing was written');
    const isMainShown = (name: string) => (name === 'ann-main' ? '21' : undefined);
    expect(waitForWatchMs({ secrets }, one, isMainShown, 5)).toBeGreaterThan(0);
    expect(waitForWatchMs({ secrets }, one, () => '22', 5)).toBe(0);
  });

  it('does not delay an edit, or an AccessKey that was created again', () => {
    const secrets = writtenSecrets(one, written, none, 5);
    if (!secrets) throw new Error('nothing was written');
    expect(waitForWatchMs({ secrets }, { ...one, generation: 2 }, none, 5)).toBe(0);
    expect(waitForWatchMs({ secrets }, { ...one, uid: 'other' }, none, 5)).toBe(0);
  });

  it('is not waited for any longer after two seconds', () => {
    const secrets = writtenSecrets(one, written, none, 5);
    if (!secrets) throw new Error('nothing was written');
    expect(waitForWatchMs({ secrets }, one, none, 1_005)).toBe(1_000);
    expect(waitForWatchMs({ secrets }, one, none, 2_005)).toBe(0);
  });
});

describe('a written status', () => {
  const status = { resourceVersion: one.resourceVersion, since: 5 };

  it('is unseen until the AccessKey has another resourceVersion', () => {
    expect(waitForWatchMs({ status }, one, none, 6)).toBe(watchLatencyMs - 1);
    expect(waitForWatchMs({ status }, { ...one, resourceVersion: '11' }, none, 6)).toBe(0);
  });

  it('is not waited for any longer after two seconds', () => {
    expect(waitForWatchMs({ status }, one, none, 5 + watchLatencyMs)).toBe(0);
  });
});

it('nothing is unseen if nothing was written', () => {
  expect(writtenSecrets(one, written, () => '21', 5)).toBeUndefined();
  expect(waitForWatchMs({}, one, none, 5)).toBe(0);
});
