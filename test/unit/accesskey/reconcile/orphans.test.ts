import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startOrphanRemoval } from '../../../../src/accesskey/reconcile/orphans.ts';
import type { EventContent, EventSubject } from '../../../../src/kube/events.ts';
import { accessKey, caches, namespace, rawSecret, type SecretParts, secret } from '../../../support/builders.ts';
import { createSecretsApi } from './secrets-api.ts';

const delayMs = 60_000;
const ann = accessKey();
let stop = async () => undefined as unknown;
afterEach(async () => {
  vi.useRealTimers();
  await stop();
});

/** An operator that has cached this Secret and no AccessKey; the API server has both or only the Secret. */
async function afterDelay({
  parts = {},
  existing = [] as (typeof ann)[],
  cached = [] as (typeof ann)[],
  terminating = false,
  ms = delayMs,
}: {
  parts?: SecretParts;
  existing?: (typeof ann)[];
  cached?: (typeof ann)[];
  terminating?: boolean;
  ms?: number;
} = {}) {
  vi.useFakeTimers();
  const api = createSecretsApi(rawSecret(parts));
  for (const one of existing) api.know(one);
  const events: [EventSubject, EventContent][] = [];
  const all = caches({ accessKeys: cached, secrets: [secret(parts)], namespaces: [namespace('shop', terminating)] });
  stop = startOrphanRemoval({
    client: api.client,
    caches: all,
    recorder: { record: (subject, content) => void events.push([subject, content]) },
    log: pino({ level: 'silent' }),
    delayMs,
    clock: () => Date.now(),
  });
  await vi.advanceTimersByTimeAsync(ms);
  return { api, events };
}

describe('a Secret whose AccessKey no longer exists', () => {
  it('is deleted after the delay, with an Event of the Secret', async () => {
    const { api, events } = await afterDelay();
    expect(api.writes()).toEqual(['delete ann-main']);
    expect(events).toMatchObject([
      [
        { kind: 'Secret', namespace: 'shop', name: 'ann-main' },
        { reason: 'SecretRemoved', note: 'Deleted Secret ann-main, its AccessKey ann no longer exists' },
      ],
    ]);
  });

  it('is deleted if another AccessKey has the name now', async () => {
    const { api } = await afterDelay({ existing: [accessKey({ uid: 'successor' })] });
    expect(api.writes()).toEqual(['delete ann-main']);
  });

  it.each([
    ['before the delay', { ms: delayMs - 1 }],
    ['if the API server still has the AccessKey', { existing: [ann] }],
    ['if the AccessKey is cached', { cached: [ann], existing: [ann] }],
    ['if it is marked for adoption', { parts: { annotations: { 'ghippo.io/adopt': 'ann/main' } } }],
    ['without an owner', { parts: { ownerReferences: [] } }],
    ['of another type', { parts: { type: 'Opaque' } }],
    ['if its namespace is being deleted', { terminating: true }],
  ])('is not deleted %s', async (_, situation) => {
    const { api, events } = await afterDelay(situation);
    expect(api.writes()).toEqual([]);
    expect(events).toEqual([]);
  });
});
