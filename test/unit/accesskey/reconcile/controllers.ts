/** The controller with a fake API server, and caches that the test fills as a watch would. */
import { pino } from 'pino';
import { vi } from 'vitest';
import { acceptedBy, createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { startController } from '../../../../src/accesskey/reconcile/controller.ts';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import type { Transport } from '../../../../src/kube/transport.ts';
import { caches, guardrails, noTokens, now, secret } from '../../../support/builders.ts';
import { createSecretsApi, type RawSecret } from './secrets-api.ts';

export type TestController = ReturnType<typeof startTestController>;

/** The API server responds to no list, so nothing that is watched changes. */
const transport: Transport = {
  server: 'https://cluster.test',
  send: ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  close: async () => undefined,
};

type Status = AccessKeyRecord['status'];

/** Starts the controller. The test must use fake timers. */
export function startTestController(subject: AccessKeyRecord, ...secrets: RawSecret[]) {
  const api = createSecretsApi(...secrets);
  api.know(subject);
  const filled = caches({ accessKeys: [subject], secrets: secrets.map((one) => secret({ name: one.metadata.name })) });
  const statuses: Status[] = [];
  let current = subject;
  const events: string[] = [];
  const limits = guardrails();
  const tokens = { ...noTokens };
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
    tokens,
    warningDays: [30, 7, 1],
    guardrails: limits,
    now: () => now,
  });
  return {
    api,
    caches: filled,
    statuses,
    ready: () => statuses.map(({ conditions }) => conditions?.[0]?.reason),
    events,
    limits,
    /** A test may replace its functions. */
    tokens,
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
