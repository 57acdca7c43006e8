import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createLastUsed } from '../../../../src/accesskey/live/last-used.ts';
import type { AccessKeyRecord, KeyPairStatus } from '../../../../src/accesskey/model/access-key-record.ts';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { at, caches, keyPair, known, now, pairStatus } from '../../../support/builders.ts';
import { noAnswer, rejected } from '../reconcile/secrets-api.ts';

const silent = pino({ level: 'silent' });
const uid = 'uid-of-shop-ann';
const two = [pairStatus(), pairStatus({ name: 'ci', accessKey: keyPair(2).ak })];

interface StatusPatch {
  metadata: { uid: string; resourceVersion: string };
  status: { keyPairs: KeyPairStatus[] };
}

/** An API server with these AccessKeys that checks the uid and resourceVersion of each status write. */
function createStatusApi(...accessKeys: AccessKeyRecord[]) {
  const stored = new Map(accessKeys.map((one) => [one.name, one]));
  const written: string[] = [];
  let rejection: Error | undefined;
  let tried = 0;
  /** Each write waits for this before it takes effect. */
  let gate: () => Promise<void> = async () => undefined;
  const client = {
    async patch({ name, ...resource }: { name: string }, body: StatusPatch) {
      expect(resource).toMatchObject({ apiVersion: 'ghippo.io/v1alpha1', plural: 'accesskeys', subresource: 'status' });
      tried += 1;
      await gate();
      if (rejection) throw rejection;
      const found = stored.get(name);
      if (!found) throw rejected(404, 'NotFound');
      const { uid, resourceVersion } = body.metadata;
      if (found.uid !== uid || found.resourceVersion !== resourceVersion) throw rejected(409, 'Conflict');
      const version = String(Number(resourceVersion) + 1);
      stored.set(name, { ...found, status: { ...found.status, ...body.status }, resourceVersion: version });
      written.push(name);
    },
  };
  return {
    client: client as unknown as KubernetesClient,
    written,
    stored,
    reject: (error: Error | undefined) => {
      rejection = error;
    },
    tried: () => tried,
    delay: (wait: () => Promise<void>) => {
      gate = wait;
    },
    lastUse: (pairName = 'main', name = 'ann') =>
      stored.get(name)?.status.keyPairs?.find((pair) => pair.name === pairName)?.lastUsedTime,
  };
}

/** One process with its own cache, which `see` updates from the API server. */
function createReplica(api: ReturnType<typeof createStatusApi>, { withAddress = true } = {}) {
  const seen = caches({ accessKeys: [...api.stored.values()] });
  let time = now;
  const lastUsed = createLastUsed({ client: api.client, caches: seen, withAddress, log: silent, now: () => time });
  return {
    ...lastUsed,
    see: () => seen.accessKeys.replace([...api.stored.values()]),
    use: (seconds: number, pairName = 'main', of = uid, address: string | undefined = undefined) => {
      time = now + seconds * 1000;
      const clientId = keyPair(pairName === 'main' ? 1 : 2).ak;
      lastUsed.touch({ id: of, clientId, pairName, address });
    },
    useAccount: (seconds: number, name: string) => {
      time = now + seconds * 1000;
      const clientId = `system:serviceaccount:shop:${name}`;
      lastUsed.touch({ id: uid, clientId, pairName: undefined, address: undefined });
    },
  };
}

describe('flush', () => {
  it('writes each AccessKey once, with the last use of each of its pairs', async () => {
    const api = createStatusApi(known({}, ...two), known({ name: 'bob' }));
    const replica = createReplica(api);
    replica.use(1);
    replica.use(3);
    replica.use(2, 'ci');
    replica.use(4, 'main', 'uid-of-shop-bob');
    await replica.flush();
    expect(api.written.toSorted()).toEqual(['ann', 'bob']);
    expect([api.lastUse(), api.lastUse('ci'), api.lastUse('main', 'bob')]).toEqual([at(3), at(2), at(4)]);
  });

  it('changes nothing else in the status except the summary', async () => {
    const subject = known({}, ...two);
    const api = createStatusApi(subject);
    const replica = createReplica(api);
    replica.use(1);
    await replica.flush();
    expect(api.stored.get('ann')?.status).toEqual({
      ...subject.status,
      userID: null,
      formerSecrets: null,
      serviceAccounts: null,
      summary: {
        usable: '2/2',
        nextExpiry: null,
        lastUsedTime: at(1),
        names: 'main,ci',
        accessKeys: `${keyPair().ak},${keyPair(2).ak}`,
      },
      keyPairs: [{ ...two[0], lastUsedTime: at(1) }, two[1]],
    });
  });

  it('writes nothing without uses, and each use once', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    await replica.flush();
    replica.use(0);
    await replica.flush();
    await replica.flush();
    expect(api.written).toEqual(['ann']);
  });

  it('writes nothing within a minute of the known time', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    for (const second of [0, 10, 59]) {
      replica.use(second);
      await replica.flush();
      replica.see();
    }
    expect(api.written).toHaveLength(1);
    replica.use(60);
    await replica.flush();
    expect(api.lastUse()).toBe(at(60));
  });

  it('drops the uses of a deleted AccessKey', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    api.stored.clear();
    replica.see();
    replica.use(0);
    await replica.flush();
    api.stored.set('ann', known());
    replica.see();
    await replica.flush();
    expect(api.written).toEqual([]);
  });

  it.each([
    ['the cache was stale', rejected(409, 'Conflict')],
    ['the API server is unavailable', rejected(503, 'ServiceUnavailable')],
    ['the API server does not respond', noAnswer],
  ])('retries a failed write at the next flush: %s', async (_, error) => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    replica.use(5);
    api.reject(error);
    await replica.flush();
    expect(api.lastUse()).toBeUndefined();
    api.reject(undefined);
    await replica.flush();
    expect(api.lastUse()).toBe(at(5));
  });

  it('keeps a later use when a failed write is retried', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    replica.use(5);
    api.reject(noAnswer);
    const failing = replica.flush();
    replica.use(9);
    await failing;
    api.reject(undefined);
    await replica.flush();
    expect(api.lastUse()).toBe(at(9));
  });

  it('writes the other AccessKeys when one write is rejected', async () => {
    const api = createStatusApi(known(), known({ name: 'bob' }));
    const replica = createReplica(api);
    api.stored.delete('ann');
    replica.use(1);
    replica.use(1, 'main', 'uid-of-shop-bob');
    await replica.flush();
    expect(api.written).toEqual(['bob']);
  });
});

describe('a clock that was ahead', () => {
  it('does not hide later uses', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    replica.use(86_400);
    await replica.flush();
    replica.see();
    replica.use(86_400);
    replica.use(10);
    await replica.flush();
    expect(api.lastUse()).toBe(at(10));
    expect(api.stored.get('ann')?.status.summary?.lastUsedTime).toBe(at(10));
  });
});

describe('the client', () => {
  it.each([
    [true, '192.0.2.1'],
    [false, undefined],
  ])('is recorded with its address if the configuration allows it: %s', async (withAddress, address) => {
    const api = createStatusApi(known());
    const replica = createReplica(api, { withAddress });
    replica.use(1, 'main', uid, '192.0.2.1');
    await replica.flush();
    expect(api.lastUse()).toBe(at(1));
    expect(api.stored.get('ann')?.status.keyPairs?.[0]?.lastClientAddress).toBe(address);
  });

  it('is recorded if it is a ServiceAccount, next to the key pairs', async () => {
    const api = createStatusApi(known({ serviceAccounts: ['ci'] }));
    const replica = createReplica(api);
    replica.use(1);
    replica.useAccount(2, 'ci');
    await replica.flush();
    const { keyPairs, serviceAccounts, summary } = api.stored.get('ann')?.status ?? {};
    expect(keyPairs).toMatchObject([{ lastUsedTime: at(1) }]);
    expect(serviceAccounts).toEqual([{ name: 'ci', lastUsedTime: at(2) }]);
    expect(summary).toMatchObject({ lastUsedTime: at(2) });
    expect(api.written).toEqual(['ann']);
  });
});

describe('two replicas', () => {
  it('never set the time back, whatever their caches show', async () => {
    const api = createStatusApi(known({}, ...two));
    const [first, second] = [createReplica(api), createReplica(api)];
    const times: number[] = [];
    const steps = [
      () => first.use(100),
      () => second.use(10),
      () => first.flush(),
      () => second.flush(),
      () => second.see(),
      () => second.flush(),
      () => second.use(300),
      () => first.use(200),
      () => second.flush(),
      () => first.flush(),
      () => first.see(),
      () => first.flush(),
    ];
    for (const step of steps) {
      await step();
      times.push(Date.parse(api.lastUse() ?? at(0)));
    }
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(api.lastUse()).toBe(at(300));
  });

  it('do not overwrite what the other one wrote for another pair', async () => {
    const api = createStatusApi(known({}, ...two));
    const [first, second] = [createReplica(api), createReplica(api)];
    first.use(100, 'main');
    second.use(200, 'ci');
    await Promise.all([first.flush(), second.flush()]);
    for (const one of [first, second]) one.see();
    await Promise.all([first.flush(), second.flush()]);
    expect([api.lastUse('main'), api.lastUse('ci')]).toEqual([at(100), at(200)]);
  });

  it('do not write to a new AccessKey of the same name', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    api.stored.set('ann', known({ uid: 'successor' }));
    replica.use(5);
    await replica.flush();
    expect(api.written).toEqual([]);
  });
});

describe('run', () => {
  it('flushes once more when the signal aborts, and resolves', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    const stop = new AbortController();
    const running = replica.run(stop.signal);
    replica.use(7);
    stop.abort();
    await running;
    expect(api.lastUse()).toBe(at(7));
  });

  it('resolves when the last write is rejected', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    api.reject(noAnswer);
    replica.use(7);
    const stop = new AbortController();
    const running = replica.run(stop.signal);
    stop.abort();
    await expect(running).resolves.toBeUndefined();
  });

  it('writes a use that is recorded during its last write', async () => {
    const api = createStatusApi(known({}, ...two));
    const replica = createReplica(api);
    const stop = new AbortController();
    replica.use(7);
    api.delay(async () => {
      api.delay(async () => undefined);
      replica.use(8, 'ci');
    });
    const running = replica.run(stop.signal);
    stop.abort();
    await running;
    // The second write conflicts, because the first one changed the resource after the cache was updated. It was attempted.
    expect(api.lastUse()).toBe(at(7));
    expect(api.tried()).toBe(2);
  });

  it('resolves even if the API server never responds', async () => {
    const api = createStatusApi(known());
    const replica = createReplica(api);
    api.delay(() => new Promise(() => undefined));
    replica.use(7);
    const stop = new AbortController();
    const running = replica.run(stop.signal);
    stop.abort();
    await expect(running).resolves.toBeUndefined();
  });
});
