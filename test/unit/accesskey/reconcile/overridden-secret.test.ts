/** The controller while an admission policy or another controller changes what it writes to a Secret. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { accessKey, at, keyPair, known, now, rawSecret } from '../../../support/builders.ts';
import { startTestController, type TestController } from './controllers.ts';
import type { RawSecret } from './secrets-api.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const label = 'app.kubernetes.io/managed-by';
const base64 = (text: string) => Buffer.from(text).toString('base64');

function withLabel(raw: RawSecret, value: string): RawSecret {
  return { ...raw, metadata: { ...raw.metadata, labels: { ...raw.metadata.labels, [label]: value } } };
}

const withData = (raw: RawSecret, data: RawSecret['data']): RawSecret => ({ ...raw, data: { ...raw.data, ...data } });

/** Passes time in steps of a second; in each, `act` runs and the watch shows every Secret. */
async function pass(controller: TestController, seconds: number, act: () => void = () => undefined): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    act();
    controller.show();
    await controller.pass(1_000);
  }
}

/** Another controller, which sets the Secret to what `change` returns. */
function rival({ api }: TestController, change: (raw: RawSecret) => RawSecret) {
  return () => {
    const stored = api.get('ann-main');
    if (!stored) return;
    const changed = change(stored);
    if (JSON.stringify(changed) === JSON.stringify(stored)) return;
    const fieldsV1 = { 'f:metadata': { 'f:labels': { [`f:${label}`]: {} } }, 'f:data': { 'f:sk': {} } };
    api.put({ ...changed, metadata: { ...changed.metadata, ...{ managedFields: [{ manager: 'rival', fieldsV1 }] } } });
  };
}

const patches = ({ api }: TestController) => api.writes().filter((one) => one === 'patch ann-main').length;
const conditions = ({ statuses }: TestController) =>
  Object.fromEntries((statuses.at(-1)?.conditions ?? []).map(({ type, status, message }) => [type, [status, message]]));

describe('another controller that changes a label', () => {
  it('is reported once, with its field manager, and answered less and less often', async () => {
    const controller = startTestController(known(), rawSecret());
    await pass(
      controller,
      300,
      rival(controller, (raw) => withLabel(raw, 'rival')),
    );
    expect(patches(controller)).toBeLessThan(12);
    expect(conditions(controller)).toMatchObject({
      Ready: ['True', 'key pairs: main Active'],
      Overridden: ['True', `Secret ann-main: field manager rival changes metadata.labels[${label}]`],
    });
    expect(controller.events).toEqual([...Array(5).fill('SecretUpdated'), 'SecretOverridden']);
    await controller.stop();
  });

  it('is no longer reported ten minutes after it stopped', async () => {
    const controller = startTestController(known(), rawSecret());
    await pass(
      controller,
      10,
      rival(controller, (raw) => withLabel(raw, 'rival')),
    );
    expect(conditions(controller)).toHaveProperty('Overridden');
    await pass(controller, 640);
    expect(conditions(controller)).not.toHaveProperty('Overridden');
    expect(controller.api.get('ann-main')?.metadata.labels[label]).toBe('accesskey-operator');
    await controller.stop();
  });
});

describe('another controller that breaks the sk', () => {
  it('does not cause an endless sequence of new key pairs', async () => {
    const controller = startTestController(known(), rawSecret());
    await pass(
      controller,
      300,
      rival(controller, (raw) => withData(raw, { sk: base64('broken') })),
    );
    expect(patches(controller)).toBeLessThan(12);
    expect(conditions(controller)).toMatchObject({
      Ready: ['False', 'Secret ann-main: field manager rival changes data[sk]'],
      Stalled: ['True', expect.anything()],
    });
    expect(controller.events.filter((one) => one === 'SecretOverridden')).toHaveLength(1);
    expect(controller.events.length).toBeLessThan(8);
    await controller.stop();
  });
});

describe('another controller that writes another valid key pair', () => {
  it('is reported once, and the new key pair is valid', async () => {
    const controller = startTestController(known(), rawSecret());
    const { ak, sk } = keyPair(2);
    await pass(
      controller,
      60,
      rival(controller, (raw) => withData(raw, { ak: base64(ak), sk: base64(sk) })),
    );
    expect(controller.statuses.at(-1)?.keyPairs).toMatchObject([{ state: 'Active', accessKey: ak }]);
    expect(controller.events).toEqual(['KeyPairReplaced']);
    expect(controller.api.writes()).toEqual([]);
    await controller.stop();
  });
});

describe('an admission policy', () => {
  it('that changes a label with each write is reported once, and Ready stays true', async () => {
    const controller = startTestController(accessKey());
    let n = 0;
    controller.api.admit((raw) => {
      n += 1;
      return withLabel(raw, `policy-${n}`);
    });
    await pass(controller, 300);
    expect(patches(controller)).toBeLessThan(8);
    expect(conditions(controller)).toMatchObject({
      Ready: ['True', 'key pairs: main Active'],
      Overridden: ['True', `Secret ann-main: an admission policy or webhook changes metadata.labels[${label}]`],
    });
    expect(controller.events).toEqual(['KeyPairCreated', 'SecretOverridden']);
    await controller.stop();
  });

  it('that breaks the sk makes the AccessKey Stalled, without an endless sequence of new key pairs', async () => {
    const controller = startTestController(accessKey());
    controller.api.admit((raw) => withData(raw, { sk: base64('broken') }));
    await pass(controller, 300);
    expect(patches(controller)).toBeLessThan(8);
    expect(conditions(controller)).toMatchObject({
      Ready: ['False', 'Secret ann-main: an admission policy or webhook changes data[sk]'],
      Stalled: ['True', expect.anything()],
    });
    expect(controller.events).toEqual(['KeyPairCreated', 'SecretOverridden']);
    await controller.stop();
  });

  it.each<[string, KeyPairSpec, string]>([
    ['the old key pair is revoked without an overlap', { name: 'main', revision: 2 }, 'Pending'],
    [
      'the old key pair stays valid with an overlap',
      { name: 'main', revision: 2, rotation: { overlap: '1h' } },
      'Active',
    ],
  ])('that keeps the old values makes a rotation fail, and %s', async (_, pair, state) => {
    const controller = startTestController(known({ keyPairs: [pair] }), rawSecret());
    const { data } = rawSecret();
    controller.api.admit((raw) => withData(raw, data));
    await pass(controller, 300);
    expect(patches(controller)).toBeLessThan(8);
    expect(conditions(controller)).toMatchObject({
      Ready: ['False', expect.stringContaining('changes data[ak], data[sk]')],
    });
    expect(controller.statuses.at(-1)?.keyPairs).toMatchObject([{ state, accessKey: keyPair().ak, revision: 1 }]);
    expect(controller.events).toEqual(['SecretOverridden']);
    await controller.stop();
  });

  it('that changes the type is named beside the conflict', async () => {
    const controller = startTestController(accessKey());
    controller.api.admit((raw) => ({ ...raw, type: 'Opaque' }));
    await pass(controller, 120);
    expect(conditions(controller)).toMatchObject({
      Ready: ['False', expect.stringContaining('Secret ann-main exists')],
      Overridden: ['True', 'Secret ann-main: an admission policy or webhook changes type'],
    });
    await controller.stop();
  });

  it('is no longer reported once it has been deleted', async () => {
    const controller = startTestController(accessKey());
    controller.api.admit((raw) => withLabel(raw, 'policy'));
    await pass(controller, 5);
    expect(conditions(controller)).toHaveProperty('Overridden');
    controller.api.admit((raw) => raw);
    await pass(controller, 60);
    expect(conditions(controller)).not.toHaveProperty('Overridden');
    expect(controller.api.get('ann-main')?.metadata.labels[label]).toBe('accesskey-operator');
    await controller.stop();
  });
});

describe('an admission policy that changes what the annotations say about a rotated pair', () => {
  const stripping = (raw: RawSecret): RawSecret => ({ ...raw, metadata: { ...raw.metadata, annotations: {} } });
  const keeping =
    (name: string, value: string) =>
    (raw: RawSecret): RawSecret => ({
      ...raw,
      metadata: { ...raw.metadata, annotations: { ...raw.metadata.annotations, [name]: value } },
    });
  const raised = { name: 'main', revision: 2 };
  const due = { rotation: { interval: '1h' } };
  const overlap = { overlap: '1h' };

  it.each<[string, (raw: RawSecret) => RawSecret, Partial<KeyPairSpec>, string]>([
    ['removes all, revision', stripping, raised, 'Active'],
    ['removes all, revision with an overlap', stripping, { ...raised, rotation: overlap }, 'Rotating'],
    ['removes all, interval', stripping, due, 'Active'],
    ['keeps the revision', keeping('ghippo.io/revision', '1'), raised, 'Active'],
    [
      'keeps the revision, with an overlap',
      keeping('ghippo.io/revision', '1'),
      { ...raised, rotation: overlap },
      'Rotating',
    ],
    ['keeps the time, interval', keeping('ghippo.io/generated-at', at(-7200)), due, 'Active'],
    ['removes all, revision and a move', stripping, { ...raised, secret: { name: 'new' } }, 'Active'],
  ])('causes one rotation, as the status says: %s', async (_, admit, parts, state) => {
    const recorded = { createdAt: at(-7200), nextRotationAt: at(-3600) };
    const subject = known({ keyPairs: [{ name: 'main', ...parts }] }, recorded);
    const controller = startTestController(
      subject,
      rawSecret({ createdAt: at(-7200), facts: { generatedAt: now - 7_200_000 } }),
    );
    controller.api.admit(admit);
    await pass(controller, 300);
    expect(controller.events.filter((one) => one === 'KeyPairRotated')).toHaveLength(1);
    expect(controller.statuses.at(-1)?.keyPairs).toMatchObject([
      {
        state,
        revision: parts.revision ?? 1,
        createdAt: at(0),
        ...(state === 'Rotating' && { previous: { accessKey: keyPair().ak } }),
      },
    ]);
    expect(controller.statuses.at(-1)?.conditions?.[0]).toMatchObject({ type: 'Ready', status: 'True' });
    expect(new Set(controller.statuses.map(({ keyPairs: [pair] = [] }) => pair?.accessKey)).size).toBeLessThan(3);
    await controller.stop();
  });
});
