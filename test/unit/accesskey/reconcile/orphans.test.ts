import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startOrphanRemoval } from '../../../../src/accesskey/reconcile/orphans.ts';
import type { EventContent, EventSubject } from '../../../../src/kube/events.ts';
import { accessKey, at, caches, namespace, rawSecret, type SecretParts, secret } from '../../../support/builders.ts';
import { createSecretsApi, rejected } from './secrets-api.ts';

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
  return { api, events, all };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

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

  it.each([
    ['a'.repeat(40_000), 'a'.repeat(253)],
    ['\u001b[31m../x', '?[31m../x'],
    ['..', '..'],
  ])('is deleted without a request for its owner if no AccessKey can have that name', async (name, shown) => {
    const owner = { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name, uid: 'gone', controller: true };
    const { api, events } = await afterDelay({ parts: { ownerReferences: [owner] } });
    expect(api.calls).toEqual(['read ann-main', 'delete ann-main']);
    expect(events.map(([, { note }]) => note)).toEqual([
      `Deleted Secret ann-main, its AccessKey ${shown} no longer exists`,
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
    ['if it is already being deleted', { parts: { deletionTimestamp: at(-1) } }],
    ['if its namespace is being deleted', { terminating: true }],
  ])('is not deleted %s', async (_, situation) => {
    const { api, events } = await afterDelay(situation);
    expect(api.writes()).toEqual([]);
    expect(events).toEqual([]);
  });

  it('is not deleted while the AccessKey is cached, and nothing is read', async () => {
    const { api } = await afterDelay({ cached: [ann] });
    expect(api.calls).toEqual([]);
  });

  it('is deleted after the delay since its AccessKey disappeared from the cache', async () => {
    const { api, all } = await afterDelay({ cached: [ann] });
    all.accessKeys.remove(ann.key);
    await pass(delayMs - 1);
    expect(api.writes()).toEqual([]);
    await pass(1);
    expect(api.writes()).toEqual(['delete ann-main']);
  });

  it('is deleted after the delay since the cache shows it', async () => {
    const { api, all } = await afterDelay({ parts: { type: 'Opaque' } });
    api.put(rawSecret());
    all.secrets.replace(api.watched(ann));
    await pass(delayMs - 1);
    expect(api.writes()).toEqual([]);
    await pass(1);
    expect(api.writes()).toEqual(['delete ann-main']);
  });

  it('gets the whole delay again if its AccessKey was back in between', async () => {
    const { api, all } = await afterDelay({ ms: delayMs - 1 });
    all.accessKeys.upsert(ann);
    await pass(1);
    all.accessKeys.remove(ann.key);
    await pass(delayMs - 1);
    expect(api.writes()).toEqual([]);
    await pass(1);
    expect(api.writes()).toEqual(['delete ann-main']);
  });

  it('is deleted later if the API server still had the AccessKey', async () => {
    const { api } = await afterDelay({ existing: [ann] });
    api.know({ ...ann, uid: 'successor' });
    await pass(delayMs);
    expect(api.writes()).toEqual(['delete ann-main']);
  });

  it('is not deleted if the API server does not say whether the AccessKey exists', async () => {
    const { api } = await afterDelay({ ms: 0 });
    api.reject('confirm ann', rejected(500, 'InternalError'));
    await pass(delayMs + 10_000);
    expect(api.writes()).toEqual([]);
    api.allow('confirm ann');
    await pass(300_000);
    expect(api.writes()).toEqual(['delete ann-main']);
  });

  it('is not deleted if it was changed after the cache showed it', async () => {
    const { api } = await afterDelay({ ms: 0 });
    api.put(rawSecret({ annotations: { 'ghippo.io/adopt': 'ann/main' } }));
    await pass(delayMs);
    expect(api.writes()).toEqual([]);
  });
});
