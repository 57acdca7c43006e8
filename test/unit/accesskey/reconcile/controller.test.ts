/** The controller with a fake API server and caches that the test fills, as a watch would. */
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { acceptedBy, createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { startController } from '../../../../src/accesskey/reconcile/controller.ts';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import type { Transport } from '../../../../src/kube/transport.ts';
import { accessKey, caches, known, now, rawSecret, secret } from '../../../support/builders.ts';
import { createSecretsApi, type RawSecret } from './secrets-api.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** The API server responds to no list, so nothing that is watched changes. */
const transport: Transport = {
  server: 'https://cluster.test',
  send: ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  close: async () => undefined,
};

type Status = AccessKeyRecord['status'];

function start(subject: AccessKeyRecord, ...secrets: RawSecret[]) {
  const api = createSecretsApi(...secrets);
  api.know(subject);
  const filled = caches({ accessKeys: [subject], secrets: secrets.map((one) => secret({ name: one.metadata.name })) });
  const statuses: Status[] = [];
  let current = subject;
  const events: string[] = [];
  const client = {
    ...api.client,
    async patch(call: { plural: string }, body: { status: Status }) {
      if (call.plural !== 'accesskeys') return api.client.patch(call as never, body);
      // A merge patch removes members that are null.
      const status = JSON.parse(JSON.stringify(body.status), (_, value) => value ?? undefined) as Status;
      statuses.push(status);
      current = { ...current, resourceVersion: `${statuses.length}`, status };
      filled.accessKeys.upsert(current);
      return {};
    },
  };
  const stop = startController({
    client: client as unknown as KubernetesClient,
    transport,
    caches: filled,
    accepts: acceptedBy(createPairLookup(filled)),
    recorder: { record: (_, { reason }) => void events.push(reason) },
    log: pino({ level: 'silent' }),
    now: () => now,
  });
  return {
    ready: () => statuses.map(({ conditions }) => conditions?.[0]?.reason),
    events,
    /** The watch shows every Secret of the API server. */
    show: () => filled.secrets.replace(api.watched(subject)),
    /** Changes the spec. */
    edit(keyPairs: KeyPairSpec[]) {
      current = { ...current, generation: current.generation + 1, spec: { ...current.spec, keyPairs } };
      api.know(current);
      filled.accessKeys.upsert(current);
    },
    async pass(ms: number) {
      await vi.advanceTimersByTimeAsync(ms);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    },
    stop,
  };
}

describe('the controller', () => {
  it('writes no status before the watch shows the Secret that it created', async () => {
    const controller = start(accessKey());
    await controller.pass(1_000);
    expect(controller.ready()).toEqual([]);
    expect(controller.events).toEqual(['KeyPairCreated']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['KeyPairsReady']);
    await controller.stop();
  });

  it('reports that the watch does not show the Secret after two seconds, and becomes Ready when it does', async () => {
    const controller = start(accessKey());
    for (const ms of [0, 2_000, 2_000]) await controller.pass(ms);
    expect(controller.ready()).toEqual(['SecretNotWatched']);
    expect(controller.events).toEqual(['KeyPairCreated', 'SecretNotWatched']);
    controller.show();
    await controller.pass(0);
    expect(controller.ready()).toEqual(['SecretNotWatched', 'KeyPairsReady']);
    await controller.stop();
  });

  it('waits for the watch again after each rotation', async () => {
    const controller = start(accessKey());
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

  it('reports an AccessKey that is being deleted once, without an Event or a change to its Secret', async () => {
    const controller = start(known({ deleting: true }), rawSecret());
    for (const ms of [0, 60_000]) await controller.pass(ms);
    expect(controller.ready()).toEqual(['Terminating']);
    expect(controller.events).toEqual([]);
    await controller.stop();
  });
});
