import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { textAt } from '../../../../src/credential/secret-record.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { accessKey, at, keyPair, known, rawSecret } from '../../../support/builders.ts';
import { startTestController } from './controllers.ts';
import { rejected } from './secrets-api.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

describe('the controller', () => {
  it('compares every AccessKey with changed guardrails, and keeps the result while they are not known', async () => {
    const controller = startTestController(accessKey({ groups: ['admins'] }));
    await controller.pass(0);
    controller.show();
    await controller.pass(0);
    const conditions = () => controller.statuses.at(-1)?.conditions?.map(({ type, message }) => `${type}: ${message}`);
    expect(conditions()).toEqual(['Ready: key pairs: main Active']);
    controller.limits.set({ allowedGroups: new Set(['*: viewers']) });
    await controller.pass(0);
    const message = 'spec.user.groups: admins is not allowed in namespace shop (guardrail allowedGroups)';
    expect(conditions()).toEqual(['Ready: key pairs: main Active', `NotCompliant: ${message}`]);
    const written = controller.statuses.length;
    controller.limits.set(undefined);
    await controller.pass(60_000);
    expect(controller.statuses).toHaveLength(written);
    controller.limits.set({});
    await controller.pass(0);
    expect(conditions()).toEqual(['Ready: key pairs: main Active']);
    await controller.stop();
  });

  it('writes no status before the watch shows the Secret that it created', async () => {
    const controller = startTestController(accessKey());
    await controller.pass(1_000);
    expect(controller.ready()).toEqual([]);
    expect(controller.events).toEqual(['KeyPairCreated']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['KeyPairsReady']);
    await controller.stop();
  });

  it('reports that the watch does not show the Secret after two seconds, and becomes Ready when it does', async () => {
    const controller = startTestController(accessKey());
    for (const ms of [0, 2_000, 2_000]) await controller.pass(ms);
    expect(controller.ready()).toEqual(['SecretNotWatched']);
    expect(controller.events).toEqual(['KeyPairCreated', 'SecretNotWatched']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['SecretNotWatched', 'KeyPairsReady']);
    await controller.stop();
  });

  it('does not repeat its writes while the watch shows only some of them', async () => {
    const controller = startTestController(accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] }));
    await controller.pass(0);
    const { calls } = controller.api;
    const created = [...calls];
    const [main] = controller.api.watched(accessKey());
    if (main) controller.caches.secrets.upsert(main);
    await controller.pass(0);
    expect(calls).toEqual(created);
    controller.show();
    await controller.pass(0);
    expect([controller.ready(), calls]).toEqual([['KeyPairsReady'], created]);
    await controller.stop();
  });

  it('waits for the watch again after each rotation', async () => {
    const controller = startTestController(accessKey());
    await controller.pass(0);
    controller.show();
    await controller.pass(10_000);
    controller.edit([{ name: 'main', revision: 2 }]);
    await controller.pass(1_000);
    expect(controller.ready()).toEqual(['KeyPairsReady']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['KeyPairsReady', 'KeyPairsReady']);
    expect(controller.events).toEqual(['KeyPairCreated', 'KeyPairRotated']);
    await controller.stop();
  });

  it.each([
    ['sound', rawSecret()],
    ['broken', rawSecret({ data: { sk: 'x' } })],
  ])(
    'creates one Secret and at most one key pair for a rotation with a move: the former Secret is %s',
    async (_, raw) => {
      const controller = startTestController(
        known({ keyPairs: [{ name: 'main', revision: 2, secret: { name: 'new' } }] }),
        raw,
      );
      for (let second = 0; second < 20; second += 1) {
        await controller.pass(1_000);
        controller.show();
      }
      expect(controller.api.writes().filter((one) => one === 'create new')).toHaveLength(1);
      expect(controller.ready().at(-1)).toBe('KeyPairsReady');
      await controller.stop();
    },
  );

  it('keeps a Secret that it adopts in place of the one in the status', async () => {
    const subject = known({ keyPairs: [{ name: 'main', secret: { name: 'new' } }] });
    const annotations = { 'ghippo.io/adopt': 'ann/main' };
    const marked = rawSecret({ name: 'new', keys: keyPair(2), ownerReferences: [], annotations });
    const controller = startTestController(subject, rawSecret(), marked);
    controller.show();
    for (let second = 0; second < 20; second += 1) {
      await controller.pass(1_000);
      controller.show();
    }
    expect(new Set(controller.api.writes())).toEqual(new Set(['patch new', 'delete ann-main']));
    expect(controller.statuses.at(-1)?.keyPairs).toMatchObject([{ accessKey: keyPair(2).ak, secretName: 'new' }]);
    await controller.stop();
  });

  it('rotates a key pair once that was removed and is added again', async () => {
    const controller = startTestController(known({}, { state: 'Disabled', removed: true }), rawSecret());
    for (let second = 0; second < 10; second += 1) {
      await controller.pass(1_000);
      controller.show();
    }
    expect(controller.events.filter((one) => one === 'KeyPairRotated')).toHaveLength(1);
    const [pair] = controller.statuses.at(-1)?.keyPairs ?? [];
    expect(pair).toMatchObject({ state: 'Active', createdAt: at(0) });
    expect(pair).not.toHaveProperty('removed');
    await controller.stop();
  });

  it('does not change the status in each attempt if a webhook rejects the Secret with another text each time', async () => {
    const controller = startTestController(accessKey());
    let attempts = 0;
    controller.api.reject('create ann-main', () => {
      attempts += 1;
      return new KubernetesError(`denied because of ${'x'.repeat(attempts)}`, { status: 403 });
    });
    for (let second = 0; second < 120; second += 1) await controller.pass(1_000);
    expect(controller.ready().every((reason) => reason === 'SecretFailed')).toBe(true);
    expect(controller.ready().length).toBeGreaterThan(1);
    expect(controller.ready().length).toBeLessThan(6);
    await controller.stop();
  });

  it('rechecks a conflict that lasts less and less often, and again after 30 seconds when the spec changes', async () => {
    const pairs = [{ name: 'main', expiresAt: at(86_400) }];
    const controller = startTestController(accessKey({ keyPairs: pairs }));
    controller.api.put(rawSecret({ ownerReferences: [], labels: {}, annotations: {} }));
    const requestsIn = async (seconds: number) => {
      const before = controller.api.calls.length;
      for (let passed = 0; passed < seconds; passed += 10) await controller.pass(10_000);
      return controller.api.calls.length - before;
    };
    const first = await requestsIn(600);
    const next = await requestsIn(600);
    expect(controller.ready()).toEqual(['SecretConflict']);
    expect(first).toBeLessThan(25);
    expect(next).toBeLessThanOrEqual(6);
    controller.edit([{ name: 'main', expiresAt: at(90_000) }]);
    await controller.pass(0);
    expect(await requestsIn(60)).toBeGreaterThanOrEqual(2);
    await controller.stop();
  });

  it('retries less and less often while a quota rejects the Secrets, and soon again when the spec changes', async () => {
    const keyPairs = [{ name: 'main' }, { name: 'ci' }];
    const controller = startTestController(accessKey({ keyPairs }));
    for (const { name } of keyPairs) controller.api.reject(`create ann-${name}`, rejected(403, 'Forbidden'));
    const attemptsIn = async (seconds: number) => {
      const before = controller.api.calls.length;
      for (let passed = 0; passed < seconds; passed += 10) await controller.pass(10_000);
      return controller.api.calls.slice(before);
    };
    await attemptsIn(600);
    const lasting = await attemptsIn(1_200);
    const attempt = ['confirm ann', 'read ann-main', 'create ann-main', 'read ann-ci', 'create ann-ci'];
    expect(lasting.length).toBeLessThanOrEqual(5 * attempt.length);
    expect(lasting.slice(0, attempt.length)).toEqual(attempt);
    controller.edit([{ name: 'main' }]);
    expect((await attemptsIn(60)).filter((call) => call === 'create ann-main').length).toBeGreaterThanOrEqual(2);
    await controller.stop();
  });

  it('leaves a Secret name to the AccessKey that had it first, until that AccessKey is gone', async () => {
    const owner = known({ name: 'a-b', user: 'a-b', keyPairs: [{ name: 'c' }] }, { name: 'c', secretName: 'a-b-c' });
    const controller = startTestController(accessKey({ name: 'a', user: 'a', keyPairs: [{ name: 'b-c' }] }));
    controller.caches.accessKeys.upsert(owner);
    await controller.pass(0);
    expect(controller.statuses.at(-1)?.conditions?.[0]).toMatchObject({
      reason: 'SecretConflict',
      message: 'Secret a-b-c belongs to AccessKey a-b (key pair c); set another secret.name',
    });
    controller.caches.accessKeys.remove(owner.key);
    await controller.pass(0);
    expect(controller.events).toEqual(['SecretConflict', 'KeyPairCreated']);
    await controller.stop();
  });

  it('reports that there are no signing keys for the token in a Secret, and issues it when there are', async () => {
    const controller = startTestController(accessKey({ keyPairs: [{ name: 'main', token: {} }] }));
    await controller.pass(0);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['SigningKeysMissing']);
    expect(controller.events).toEqual(['KeyPairCreated', 'SigningKeysMissing']);
    controller.tokens.isReady = () => true;
    controller.tokens.isPublished = () => true;
    controller.tokens.issue = async ({ now: issuedAt }) => ({
      ...{ token: 'signed', kid: 'k', issuedAt, expiresAt: issuedAt + 86_400_000 },
    });
    await controller.pass(30_000);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['SigningKeysMissing', 'KeyPairsReady']);
    const { data } = controller.api.get('ann-main') as { data: Record<string, string> };
    expect(textAt(data, 'token')).toBe('signed');
    await controller.stop();
  });

  it('reports an AccessKey that is being deleted once, without an Event or a change to its Secret', async () => {
    const controller = startTestController(known({ deleting: true }), rawSecret());
    for (const ms of [0, 60_000]) await controller.pass(ms);
    expect(controller.ready()).toEqual(['Terminating']);
    expect(controller.events).toEqual([]);
    await controller.stop();
  });
});
