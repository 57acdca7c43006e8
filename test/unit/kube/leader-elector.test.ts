import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';
import { createLeaderElector, type LeaderElectorOptions, type LeaderWork } from '../../../src/kube/leader-elector.ts';
import type { Lease, LeaseSpec } from '../../../src/kube/lease-record.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';

const patience = { timeout: 90_000, interval: 2 };

/** A record of another candidate. */
const foreign: LeaseSpec = {
  holderIdentity: 'other',
  leaseDurationSeconds: 15,
  acquireTime: '2025-12-31T00:00:00.000000Z',
  renewTime: '2025-12-31T01:00:00.000000Z',
  leaseTransitions: 3,
};
const empty: LeaseSpec = { ...foreign, holderIdentity: '', leaseDurationSeconds: 1 };

/** An API server with one Lease that stores unknown fields and checks resourceVersions. */
function createLeaseServer() {
  const requests: TransportRequest[] = [];
  let lease: Lease | undefined;
  let version = 0;
  const failure = (status: number) => new KubernetesError(`status ${status}`, { status });

  function store(body: Lease): Lease {
    version += 1;
    lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(version) } };
    return lease;
  }

  function answer({ method, body = '' }: TransportRequest): Lease {
    if (method === 'POST' && lease) throw failure(409);
    if (method === 'POST') return store(JSON.parse(body) as Lease);
    if (!lease) throw failure(404);
    if (method === 'GET') return lease;
    const next = JSON.parse(body) as Lease;
    if (next.metadata.resourceVersion !== lease.metadata.resourceVersion) throw failure(409);
    return store(next);
  }

  const server = {
    requests,
    writes: () => requests.filter(({ method }) => method !== 'GET'),
    get lease() {
      return lease;
    },
    get holder() {
      return lease?.spec?.holderIdentity;
    },
    /** Writes the Lease as a third party; `metadata` overrides the previous one. */
    edit(spec: LeaseSpec, metadata = {}): void {
      store({ metadata: { name: 'lease', resourceVersion: '', ...lease?.metadata, ...metadata }, spec });
    },
    remove(): void {
      lease = undefined;
    },
    /** Called before a request takes effect; a rejection is the response. */
    before: async (_request: TransportRequest): Promise<void> => undefined,
    /** Called after a request took effect; a rejection is the response. */
    after: async (_request: TransportRequest): Promise<void> => undefined,
    transport: {
      server: 'https://server',
      close: async () => undefined,
      async send(request) {
        requests.push(request);
        await server.before(request);
        const bytes = Buffer.from(JSON.stringify(answer(request)));
        await server.after(request);
        return { body: [bytes] } as unknown as Dispatcher.ResponseData;
      },
    } satisfies Transport,
  };
  return server;
}

type LeaseServer = ReturnType<typeof createLeaseServer>;

interface CandidateOptions extends Partial<LeaderElectorOptions> {
  /** Whether work stops when its signal aborts, or only when the test ends it. Default: true. */
  obedient?: boolean;
  /** Default: runs until its signal aborts. */
  work?: LeaderWork;
}

/** Starts an elector whose clock only the test advances. */
function startCandidate(server: LeaseServer, { obedient = true, work, ...options }: CandidateOptions = {}) {
  const terms: { signal: AbortSignal; end: () => void }[] = [];
  const lines: { msg: string; level: number; reason?: string }[] = [];
  const clock = { ms: 5000 };
  const stopping = new AbortController();
  const elector = createLeaderElector({
    transport: server.transport,
    namespace: 'shop',
    name: 'lease',
    identity: 'me',
    log: pino({ level: 'debug', base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    now: () => clock.ms,
    ...options,
    timings: { retryPeriodMs: 2, ...options.timings },
  });
  const workUntilAborted: LeaderWork = (signal) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    terms.push({ signal, end: resolve });
    if (obedient) signal.addEventListener('abort', () => resolve());
    return promise;
  };
  const running = elector.run(stopping.signal, work ?? workUntilAborted);
  const stop = async () => {
    stopping.abort();
    await running;
  };
  const candidate = { elector, terms, lines, clock, stopping, running, stop };
  onTestFinished(async () => {
    server.before = async () => undefined;
    server.after = async () => undefined;
    stopping.abort();
    for (const term of terms) term.end();
    await running;
  });
  return candidate;
}

type Candidate = ReturnType<typeof startCandidate>;

/** Starts a candidate and waits until it leads. */
async function startLeader(server: LeaseServer, options?: CandidateOptions): Promise<Candidate> {
  const candidate = startCandidate(server, options);
  await expect.poll(() => candidate.terms.length, patience).toBe(1);
  return candidate;
}

/** Waits for this number of further requests. */
async function furtherRequests(server: LeaseServer, count: number): Promise<void> {
  const end = server.requests.length + count;
  await expect.poll(() => server.requests.length, patience).toBeGreaterThanOrEqual(end);
}

/** Waits until a candidate that starts now, with another server, has sent several requests. */
async function severalPeriods(): Promise<void> {
  const other = createLeaseServer();
  other.edit(foreign);
  startCandidate(other);
  await furtherRequests(other, 10);
}

const unanswered = async (): Promise<never> => {
  throw new ConnectionError('no response');
};
const never = () => new Promise<never>(() => undefined);

it('rejects invalid timings', () => {
  const timings = { leaseDurationMs: 1 };
  expect(() => startCandidate(createLeaseServer(), { timings })).toThrow(RangeError);
});

describe('isLeader', () => {
  it('is false before the first term and after the last one', async () => {
    const server = createLeaseServer();
    server.edit(foreign);
    const candidate = startCandidate(server);
    await furtherRequests(server, 3);
    expect(candidate.elector.isLeader()).toBe(false);
    server.edit(empty);
    await expect.poll(candidate.elector.isLeader, patience).toBe(true);
    await candidate.stop();
    expect(candidate.elector.isLeader()).toBe(false);
  });

  it('is false as soon as the deadline has passed, before any timer fires', async () => {
    const { elector, clock, terms } = await startLeader(createLeaseServer());
    clock.ms += 9_999;
    expect(elector.isLeader()).toBe(true);
    clock.ms += 1;
    expect(elector.isLeader()).toBe(false);
    // The signal of the work has not been aborted yet.
    expect(terms[0]?.signal.aborted).toBe(false);
  });

  it('measures the deadline from when the renewal was sent', async () => {
    const server = createLeaseServer();
    const candidate = await startLeader(server);
    const arrived = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    server.after = async () => {
      arrived.resolve();
      await answered.promise;
      // Later requests fail, so that no later renewal extends the term.
      server.before = unanswered;
    };
    await arrived.promise;
    candidate.clock.ms += 6_000;
    answered.resolve();
    await furtherRequests(server, 2);
    candidate.clock.ms += 3_999;
    expect(candidate.elector.isLeader()).toBe(true);
    candidate.clock.ms += 1;
    expect(candidate.elector.isLeader()).toBe(false);
  });

  it('does not become true again with a response after the deadline', async () => {
    const server = createLeaseServer();
    const { elector, clock, terms, stopping } = await startLeader(server, { obedient: false });
    const arrived = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    clock.ms += 9_000;
    server.after = async () => {
      arrived.resolve();
      await answered.promise;
    };
    await arrived.promise;
    clock.ms += 1_000;
    // This renewal was sent within the term, a second ago, and would last for nine more.
    answered.resolve();
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    expect(elector.isLeader()).toBe(false);
    expect(stopping.signal.aborted).toBe(false);
  });

  it('does not become true if the response to the acquisition arrives after the deadline', async () => {
    const server = createLeaseServer();
    const candidate = startCandidate(server);
    let slow = 0;
    server.after = async ({ method }) => {
      if (method === 'GET' || slow > 2) return;
      slow += 1;
      candidate.clock.ms += 10_000;
    };
    await expect.poll(() => candidate.terms.length, patience).toBe(1);
    expect(slow).toBe(3);
  });
});

describe('leadership', () => {
  it('is renewed', async () => {
    const server = createLeaseServer();
    const { clock, elector, terms } = await startLeader(server);
    for (let count = 0; count < 5; count += 1) {
      clock.ms += 5_000;
      await furtherRequests(server, 3);
    }
    expect(elector.isLeader()).toBe(true);
    expect(terms).toHaveLength(1);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
    // Only the attempt that made the Lease had to read it.
    expect(server.requests.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  it('survives failures that end before the deadline', async () => {
    const server = createLeaseServer();
    const { clock, elector, terms, lines } = await startLeader(server);
    server.before = unanswered;
    clock.ms += 9_000;
    await furtherRequests(server, 10);
    server.before = async () => undefined;
    const before = server.writes().length;
    await expect.poll(() => server.writes().length, patience).toBeGreaterThan(before + 1);
    clock.ms += 9_000;
    expect(elector.isLeader()).toBe(true);
    expect(terms).toHaveLength(1);
    expect(lines.some(({ reason }) => reason === 'no response')).toBe(true);
  });

  it('is lost at the deadline; the work is aborted, and the next campaign starts after it has stopped', async () => {
    const server = createLeaseServer();
    const { clock, terms, elector } = await startLeader(server, { obedient: false });
    server.before = unanswered;
    clock.ms += 10_000;
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    server.before = async () => undefined;
    const before = server.requests.length;
    await severalPeriods();
    expect(server.requests).toHaveLength(before);
    expect(terms).toHaveLength(1);
    terms[0]?.end();
    await expect.poll(() => terms.length, patience).toBe(2);
    expect(elector.isLeader()).toBe(true);
    expect(terms[1]?.signal.aborted).toBe(false);
  });

  it('is lost even if the transport never responds and ignores its signal', async () => {
    const server = createLeaseServer();
    const timings = { leaseDurationMs: 60, renewDeadlineMs: 40 };
    const { terms, stop, elector } = await startLeader(server, { timings, now: () => performance.now() });
    server.before = never;
    await expect.poll(() => terms.at(-1)?.signal.aborted, patience).toBe(true);
    expect(elector.isLeader()).toBe(false);
    await stop();
  });

  it('survives a request that hangs, because there is time for another one', async () => {
    const server = createLeaseServer();
    const timings = { leaseDurationMs: 6_000, renewDeadlineMs: 4_000, retryPeriodMs: 50 };
    const { terms, elector } = await startLeader(server, { timings, now: () => performance.now() });
    let hung = 0;
    server.before = async () => {
      if (hung++ === 0) await never();
    };
    await expect.poll(() => hung, patience).toBeGreaterThan(2);
    expect(elector.isLeader()).toBe(true);
    expect(terms).toHaveLength(1);
    expect(terms[0]?.signal.aborted).toBe(false);
  });

  it('limits a request to the rest of the term', async () => {
    const server = createLeaseServer();
    const timings = { leaseDurationMs: 2_000_000, renewDeadlineMs: 1_000_000 };
    const { clock } = await startLeader(server, { timings });
    server.before = unanswered;
    clock.ms += 999_990;
    await furtherRequests(server, 2);
    server.before = never;
    // The first one that hangs would do so for 500 s.
    await furtherRequests(server, 3);
  });

  it('ignores the late response of a cancelled request', async () => {
    const server = createLeaseServer();
    const { clock, terms, elector } = await startLeader(server, { obedient: false });
    const hung = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    server.after = async () => {
      arrived.resolve();
      await hung.promise;
    };
    await arrived.promise;
    clock.ms += 10_000;
    // Work that ends makes the elector give the request up.
    terms[0]?.end();
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    server.after = async () => undefined;
    server.edit(foreign);
    hung.resolve();
    await furtherRequests(server, 3);
    expect(elector.isLeader()).toBe(false);
    expect(server.holder).toBe('other');
  });

  it.each([
    ['another holder', { ...foreign, leaseDurationSeconds: 3600 }],
    ['another holder for 0 seconds', { ...foreign, leaseDurationSeconds: 0 }],
    ['no holder', empty],
  ])('is lost when the Lease is %s, before the deadline', async (_, spec) => {
    const server = createLeaseServer();
    const { terms, elector, clock } = await startLeader(server, { obedient: false });
    server.edit(spec);
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    expect(elector.isLeader()).toBe(false);
    expect(clock.ms).toBe(5000);
    expect(server.holder).toBe(spec.holderIdentity);
  });

  it('is kept when the Lease is deleted, by creating it again', async () => {
    const server = createLeaseServer();
    const { elector, terms } = await startLeader(server);
    server.remove();
    await expect.poll(() => server.holder, patience).toBe('me');
    await furtherRequests(server, 3);
    expect(elector.isLeader()).toBe(true);
    expect(terms).toHaveLength(1);
  });

  it('is kept when another client changes the Lease, and keeps those changes', async () => {
    const server = createLeaseServer();
    const { elector, terms } = await startLeader(server);
    const more = { ...server.lease?.spec, ofTheFuture: { a: [1] } };
    server.edit(more, { labels: { team: 'ops' }, ofTheFuture: true });
    const before = server.lease?.spec?.renewTime;
    await expect.poll(() => server.lease?.spec?.renewTime, patience).not.toBe(before);
    expect(server.lease).toMatchObject({
      metadata: { labels: { team: 'ops' }, ofTheFuture: true },
      spec: { holderIdentity: 'me', ofTheFuture: { a: [1] } },
    });
    expect(elector.isLeader()).toBe(true);
    expect(terms).toHaveLength(1);
  });

  it('is released when the work ends unexpectedly, and a new campaign starts', async () => {
    const server = createLeaseServer();
    const { terms, lines } = await startLeader(server);
    terms[0]?.end();
    await expect.poll(() => terms.length, patience).toBe(2);
    expect(terms[0]?.signal.aborted).toBe(true);
    expect(server.writes().some(({ body = '' }) => body.includes('"holderIdentity":""'))).toBe(true);
    expect(lines.map(({ msg }) => msg)).toContain('the work of the leader ended unexpectedly');
  });

  it.each([
    ['rejects', async () => Promise.reject(new Error('broken'))],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
  ])('is released when the work %s, and a new campaign starts', async (_, fail) => {
    const server = createLeaseServer();
    let terms = 0;
    const work = (): Promise<void> => {
      terms += 1;
      return fail();
    };
    const { lines, stop } = startCandidate(server, { work });
    await expect.poll(() => terms, patience).toBeGreaterThan(1);
    expect(lines.find(({ msg }) => msg === 'the work of the leader failed')?.reason).toBe('broken');
    await stop();
    expect(server.holder).toBe('');
  });
});

describe('a campaign', () => {
  it("takes another's Lease after its record has not changed for its duration by our clock", async () => {
    const server = createLeaseServer();
    server.edit(foreign);
    const { clock, terms } = startCandidate(server);
    await furtherRequests(server, 3);
    clock.ms += 14_999;
    server.edit({ ...foreign, renewTime: '2025-12-31T02:00:00.000000Z' });
    await furtherRequests(server, 3);
    clock.ms += 14_999;
    await furtherRequests(server, 3);
    // Who labels the Lease does not renew it.
    server.edit(server.lease?.spec ?? {}, { labels: { team: 'ops' } });
    await furtherRequests(server, 3);
    expect(server.writes()).toEqual([]);
    clock.ms += 1;
    await expect.poll(() => terms.length, patience).toBe(1);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'me', leaseTransitions: 4, leaseDurationSeconds: 15 });
    expect(server.lease?.metadata).toMatchObject({ labels: { team: 'ops' } });
  });

  it('creates a deleted Lease only after its holder can no longer lead without it', async () => {
    const server = createLeaseServer();
    server.edit(foreign);
    const { clock, terms } = startCandidate(server);
    await furtherRequests(server, 3);
    server.remove();
    clock.ms += 14_999;
    await furtherRequests(server, 3);
    expect(server.writes()).toEqual([]);
    clock.ms += 1;
    await expect.poll(() => terms.length, patience).toBe(1);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'me', leaseTransitions: 0 });
  });

  it('continues after errors of every kind', async () => {
    const server = createLeaseServer();
    const errors = [403, 429, 500].map((status) => new KubernetesError(`status ${status}`, { status }));
    const failures: unknown[] = [
      ...errors,
      new ConnectionError('no response'),
      new SyntaxError('not JSON'),
      'a string',
    ];
    server.before = async () => {
      if (failures.length > 0) throw failures.shift();
    };
    const { terms, lines } = startCandidate(server);
    await expect.poll(() => terms.length, patience).toBe(1);
    const reasons = lines.filter(({ level }) => level === 40).map(({ reason }) => reason);
    expect(reasons).toEqual(['status 403', 'status 429', 'status 500', 'no response', 'not JSON', 'a string']);
  });

  it('that fails with a conflict does not lead', async () => {
    const server = createLeaseServer();
    server.edit(empty);
    server.before = async ({ method }) => {
      if (method === 'PUT') server.edit({ ...foreign, leaseDurationSeconds: 3600 });
    };
    const { terms } = startCandidate(server);
    await expect.poll(() => server.writes().length, patience).toBe(1);
    await furtherRequests(server, 3);
    expect(terms).toEqual([]);
    expect(server.holder).toBe('other');
  });

  it('that was won without a response leads after the next write', async () => {
    const server = createLeaseServer();
    let lost = 0;
    server.after = async ({ method }) => {
      if (method !== 'GET' && lost++ === 0) throw new ConnectionError('no response');
    };
    const { elector } = await startLeader(server);
    expect(elector.isLeader()).toBe(true);
    expect(lost).toBeGreaterThan(1);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
  });

  it('sends valid requests', async () => {
    const server = createLeaseServer();
    await startLeader(server);
    const [read, create] = server.requests;
    const collection = '/apis/coordination.k8s.io/v1/namespaces/shop/leases';
    expect(read).toMatchObject({ method: 'GET', path: `${collection}/lease` });
    expect(create).toMatchObject({
      method: 'POST',
      path: collection,
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.parse(create?.body ?? '')).toEqual({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'shop', name: 'lease' },
      spec: {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        leaseTransitions: 0,
        acquireTime: expect.stringMatching(/T\d\d:\d\d:\d\d\.\d{6}Z$/),
        renewTime: expect.stringMatching(/T\d\d:\d\d:\d\d\.\d{6}Z$/),
      },
    });
  });
});

describe('a stop', () => {
  it('renews the Lease until the work has stopped, then releases it', async () => {
    const server = createLeaseServer();
    const { elector, terms, stopping, running, clock } = await startLeader(server, { obedient: false });
    stopping.abort();
    expect(terms[0]?.signal.aborted).toBe(true);
    for (let count = 0; count < 5; count += 1) {
      await furtherRequests(server, 2);
      clock.ms += 5_000;
      expect(elector.isLeader()).toBe(true);
      expect(server.holder).toBe('me');
    }
    terms[0]?.end();
    await running;
    expect(elector.isLeader()).toBe(false);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
  });

  it('waits for work that was aborted when leadership was lost', async () => {
    const server = createLeaseServer();
    const { clock, terms, stopping, running } = await startLeader(server, { obedient: false });
    server.before = unanswered;
    clock.ms += 10_000;
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    server.before = async () => undefined;
    stopping.abort();
    const before = server.requests.length;
    await severalPeriods();
    expect(server.requests).toHaveLength(before);
    expect(server.holder).toBe('me');
    terms[0]?.end();
    await running;
    // The record was still ours.
    expect(server.holder).toBe('');
  });

  it('releases the Lease even if a renewal arrives in between', async () => {
    const server = createLeaseServer();
    const { stop } = await startLeader(server);
    let renewals = 0;
    server.before = async ({ body = '' }) => {
      if (!body.includes('"holderIdentity":""') || renewals === 3) return;
      renewals += 1;
      server.edit({ ...server.lease?.spec, renewTime: `2026-01-01T00:00:0${renewals}.000000Z` });
    };
    await stop();
    expect(renewals).toBe(3);
    expect(server.holder).toBe('');
  });

  it("does not change another's Lease", async () => {
    const server = createLeaseServer();
    const { terms, stopping, running } = await startLeader(server, { obedient: false });
    server.edit({ ...foreign, leaseDurationSeconds: 3600 });
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    const { lease } = server;
    stopping.abort();
    terms[0]?.end();
    await running;
    expect(server.lease).toEqual(lease);
  });

  it('does not create a deleted Lease', async () => {
    const server = createLeaseServer();
    const { stop } = await startLeader(server);
    server.before = async () => server.remove();
    await stop();
    expect(server.lease).toBeUndefined();
  });

  it('releases the Lease if it is being acquired', async () => {
    const server = createLeaseServer();
    const taken = Promise.withResolvers<void>();
    server.after = async ({ method }) => {
      if (method !== 'POST') return;
      taken.resolve();
      await never();
    };
    const { stop, terms } = startCandidate(server);
    await taken.promise;
    expect(server.holder).toBe('me');
    await stop();
    expect(terms).toEqual([]);
    expect(server.holder).toBe('');
  });

  it('does not acquire a Lease that is being read', async () => {
    const server = createLeaseServer();
    server.edit(empty);
    const reading = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    server.after = async () => {
      reading.resolve();
      await answered.promise;
    };
    const { stop } = startCandidate(server);
    await reading.promise;
    await stop();
    answered.resolve();
    await severalPeriods();
    expect(server.writes()).toEqual([]);
  });

  it('sends nothing if the candidate never wrote', async () => {
    const server = createLeaseServer();
    server.edit(foreign);
    const { stop } = startCandidate(server);
    await furtherRequests(server, 3);
    const reads = server.requests.length;
    await stop();
    expect(server.requests).toHaveLength(reads);
  });

  it('ends even if the Lease cannot be released', async () => {
    const server = createLeaseServer();
    const { stop, lines } = await startLeader(server);
    server.before = unanswered;
    await stop();
    expect(lines.at(-1)).toMatchObject({ level: 40, reason: 'no response' });
    expect(server.holder).toBe('me');
  });

  it('sends nothing if it precedes the start', async () => {
    const server = createLeaseServer();
    const elector = createLeaderElector({
      transport: server.transport,
      namespace: 'shop',
      name: 'lease',
      identity: 'me',
      log: pino({ level: 'silent' }),
    });
    await elector.run(AbortSignal.abort(), never);
    expect(server.requests).toEqual([]);
  });
});
