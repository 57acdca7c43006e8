import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';
import { createLeaderElector, type LeaderElectorOptions } from '../../../src/kube/lease.ts';
import {
  checkTimings,
  decide,
  defaultLeaseTimings,
  heldSpec,
  jitteredMs,
  type Lease,
  type LeaseSpec,
  observe,
  releasedSpec,
  type Situation,
} from '../../../src/kube/lease-record.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';

const time = new Date('2026-01-01T00:00:00.123Z');
const patience = { timeout: 30_000, interval: 2 };

/** A record as another candidate wrote it. */
const foreign: LeaseSpec = {
  holderIdentity: 'other',
  leaseDurationSeconds: 15,
  acquireTime: '2025-12-31T00:00:00.000000Z',
  renewTime: '2025-12-31T01:00:00.000000Z',
  leaseTransitions: 3,
};
const own: LeaseSpec = { ...foreign, holderIdentity: 'me' };
const empty: LeaseSpec = { ...foreign, holderIdentity: '', leaseDurationSeconds: 1 };

describe('decide', () => {
  /** A record that was first seen at 1000, and the Lease is there, unless told otherwise. */
  function situation(spec: LeaseSpec | undefined, now: number, more: Partial<Situation> = {}): Situation {
    const observation = spec && { spec, since: 1000 };
    return { identity: 'me', leading: false, exists: true, observation, now, leaseDurationMs: 30_000, ...more };
  }
  const absent = { exists: false };
  const leading = { leading: true };
  const { leaseDurationSeconds, ...undated } = foreign;

  it.each([
    ['no Lease, none seen ever', undefined, 1000, absent, 'create'],
    ['an empty Lease', {}, 1000, {}, 'take'],
    ['a released Lease', empty, 1000, {}, 'take'],
    ['our own record', own, 1000, {}, 'renew'],
    ['our own record, long ago', own, 1_000_000, {}, 'renew'],
    ["another's record, just seen", foreign, 1000, {}, 'wait'],
    ["another's record, before its duration is over", foreign, 15_999, {}, 'wait'],
    ["another's record, when its duration is over", foreign, 16_000, {}, 'take'],
    ["another's longer duration", { ...foreign, leaseDurationSeconds: 60 }, 60_999, {}, 'wait'],
    ["another's longer duration, over", { ...foreign, leaseDurationSeconds: 60 }, 61_000, {}, 'take'],
    ['a record without a duration, within ours', undated, 30_999, {}, 'wait'],
    ['a record without a duration, after ours', undated, 31_000, {}, 'take'],
    ["another's Lease, deleted, before its duration is over", foreign, 15_999, absent, 'wait'],
    ["another's Lease, deleted, when its duration is over", foreign, 16_000, absent, 'create'],
    ['a released Lease, deleted', empty, 1000, absent, 'create'],
    ['our own Lease, deleted', own, 1000, absent, 'create'],
    ['leading: our own record', own, 1000, leading, 'renew'],
    ['leading: our own Lease, deleted', own, 1000, { ...leading, ...absent }, 'create'],
    ['leading: given to another', foreign, 1000, leading, 'wait'],
    ['leading: given to another, whose duration is over', foreign, 16_000, leading, 'wait'],
    ['leading: emptied', empty, 1000, leading, 'wait'],
  ] as const)('%s', (_, spec, now, more, expected) => {
    expect(decide(situation(spec, now, more))).toBe(expected);
  });

  it('does not look at the times of the record', () => {
    for (const renewTime of ['1970-01-01T00:00:00.000000Z', '2999-01-01T00:00:00.000000Z']) {
      expect(decide(situation({ ...foreign, renewTime }, 15_999))).toBe('wait');
      expect(decide(situation({ ...foreign, renewTime }, 16_000))).toBe('take');
    }
  });
});

describe('observe', () => {
  const seen = { spec: foreign, since: 1000 };

  it.each([
    ['the first record', undefined, foreign, 2000],
    ['the same record', seen, { ...foreign }, 1000],
    ['a renewal', seen, { ...foreign, renewTime: '2025-12-31T01:00:02.000000Z' }, 2000],
    ['a clock that was set back', seen, { ...foreign, renewTime: '2025-12-30T00:00:00.000000Z' }, 2000],
    ['another holder', seen, { ...foreign, holderIdentity: 'third' }, 2000],
    ['another duration', seen, { ...foreign, leaseDurationSeconds: 60 }, 2000],
    ['an emptied record', seen, {}, 2000],
  ])('%s', (_, before, spec, since) => {
    expect(observe(before, spec, 2000)).toEqual({ spec, since });
  });
});

describe('the record written', () => {
  const now = '2026-01-01T00:00:00.123000Z';
  const dated = { acquireTime: now, renewTime: now };

  it.each([
    ['of a new Lease', undefined, { holderIdentity: 'me', leaseTransitions: 0, ...dated }],
    ['over an empty one', {}, { holderIdentity: 'me', leaseTransitions: 1, ...dated }],
    ['over a released one', empty, { holderIdentity: 'me', leaseTransitions: 4, ...dated }],
    ["over another's", foreign, { holderIdentity: 'me', leaseTransitions: 4, ...dated }],
    ['to renew', own, { ...own, renewTime: now }],
  ])('%s', (_, before, expected) => {
    expect(heldSpec(before, 'me', 15_000, time)).toEqual({ ...expected, leaseDurationSeconds: 15 });
  });

  it('to release', () => {
    const expected = { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 3, ...dated };
    expect(releasedSpec(own, time)).toEqual(expected);
  });

  it.each([
    [1, 1],
    [1000, 1],
    [1001, 2],
    [15_000, 15],
  ])('says a duration of %d ms as %d s', (milliseconds, seconds) => {
    expect(heldSpec(undefined, 'me', milliseconds, time).leaseDurationSeconds).toBe(seconds);
  });

  it('keeps fields that are not of the election', () => {
    const more = { strategy: 'OldestEmulationVersion', ofTheFuture: { a: [1] } };
    for (const before of [own, foreign]) {
      expect(heldSpec({ ...before, ...more }, 'me', 15_000, time)).toMatchObject(more);
      expect(releasedSpec({ ...before, ...more }, time)).toMatchObject(more);
    }
  });
});

describe('timings', () => {
  it('spread attempts over one to 2.2 periods', () => {
    expect(jitteredMs(2000, () => 0)).toBe(2000);
    expect(jitteredMs(2000, () => 0.5)).toBe(3200);
    expect(jitteredMs(2000, () => 1)).toBe(4400);
    expect(new Set(Array.from({ length: 20 }, () => jitteredMs(2000))).size).toBeGreaterThan(1);
  });

  it.each([
    [{}, undefined],
    [{ leaseDurationMs: 10_000 }, /leaseDuration/],
    [{ leaseDurationMs: 10_001 }, undefined],
    [{ renewDeadlineMs: 2400 }, /renewDeadline/],
    [{ renewDeadlineMs: 2401 }, undefined],
    [{ retryPeriodMs: 0 }, /retryPeriod/],
    [{ retryPeriodMs: -1 }, /retryPeriod/],
    [{ leaseDurationMs: Number.NaN }, /leaseDuration/],
    [{ renewDeadlineMs: Number.NaN }, /renewDeadline/],
    [{ retryPeriodMs: Number.NaN }, /retryPeriod/],
  ])('%j: %s', (change, message) => {
    const check = () => checkTimings({ ...defaultLeaseTimings, ...change });
    if (message) expect(check).toThrow(message);
    else expect(check).not.toThrow();
  });

  it('are checked when an elector is made', () => {
    const timings = { leaseDurationMs: 1 };
    expect(() => startCandidate(createLeaseServer(), { timings })).toThrow(RangeError);
  });
});

/** One Lease in memory, with resourceVersions, that keeps whatever it is sent. */
function createLeaseServer() {
  const requests: TransportRequest[] = [];
  let lease: Lease | undefined;
  let version = 0;
  const failure = (status: number) => new KubernetesError(status, '', `status ${status}`, 0);

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
    /** Puts a Lease there as a third party does; the metadata given goes over what it had. */
    edit(spec: LeaseSpec, metadata = {}): void {
      store({ metadata: { name: 'lease', resourceVersion: '', ...lease?.metadata, ...metadata }, spec });
    },
    remove(): void {
      lease = undefined;
    },
    /** Before a request is answered; a rejection is the answer. */
    before: async (_request: TransportRequest): Promise<void> => undefined,
    /** After a request took effect; a rejection is the answer. */
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
  /** Whether work stops when its signal aborts; without this it goes on until the test ends it. */
  obedient?: boolean;
}

/** Starts an elector whose clock stands still until a test moves it, so it leads for as long as a test takes. */
function startCandidate(server: LeaseServer, { obedient = true, ...options }: CandidateOptions = {}) {
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
    onStartedLeading: (signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      terms.push({ signal, end: resolve });
      if (obedient) signal.addEventListener('abort', () => resolve());
      return promise;
    },
    now: () => clock.ms,
    ...options,
    timings: { retryPeriodMs: 2, ...options.timings },
  });
  const running = elector.run(stopping.signal);
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

/** Starts one and waits until it leads. */
async function startLeader(server: LeaseServer, options?: CandidateOptions): Promise<Candidate> {
  const candidate = startCandidate(server, options);
  await expect.poll(() => candidate.terms.length, patience).toBe(1);
  return candidate;
}

/** Waits until so many further requests have come. */
async function furtherRequests(server: LeaseServer, count: number): Promise<void> {
  const end = server.requests.length + count;
  await expect.poll(() => server.requests.length, patience).toBeGreaterThanOrEqual(end);
}

const unanswered = async (): Promise<never> => {
  throw new ConnectionError('no answer');
};
const never = () => new Promise<never>(() => undefined);

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

  it('is false as soon as the deadline has passed, with no timer and no turn of the event loop', async () => {
    const { elector, clock, terms } = await startLeader(createLeaseServer());
    clock.ms += 9_999;
    expect(elector.isLeader()).toBe(true);
    clock.ms += 1;
    expect(elector.isLeader()).toBe(false);
    // The work was not told yet: only the question can tell.
    expect(terms[0]?.signal.aborted).toBe(false);
  });

  it('counts the deadline from when the renewal was sent', async () => {
    const server = createLeaseServer();
    const candidate = await startLeader(server);
    const arrived = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    server.after = async () => {
      arrived.resolve();
      await answered.promise;
      // What comes next fails, so that no later renewal hides what this one did.
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

  it('does not become true by an answer that comes too late', async () => {
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

  it('does not become true when the Lease was won but the answer took longer than the deadline', async () => {
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

  it('outlasts failures that end before the deadline', async () => {
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
    expect(lines.some(({ reason }) => reason === 'no answer')).toBe(true);
  });

  it('is lost at the deadline: the work is told, and campaigns begin only after it has stopped', async () => {
    const server = createLeaseServer();
    const { clock, terms, elector } = await startLeader(server, { obedient: false });
    server.before = unanswered;
    clock.ms += 10_000;
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    server.before = async () => undefined;
    const before = server.requests.length;
    await sleep(50);
    expect(server.requests).toHaveLength(before);
    expect(terms).toHaveLength(1);
    terms[0]?.end();
    await expect.poll(() => terms.length, patience).toBe(2);
    expect(elector.isLeader()).toBe(true);
    expect(terms[1]?.signal.aborted).toBe(false);
  });

  it('is lost although the transport never answers and heeds no signal', async () => {
    const server = createLeaseServer();
    const timings = { leaseDurationMs: 60, renewDeadlineMs: 40 };
    const { terms, stop, elector } = await startLeader(server, { timings, now: () => performance.now() });
    server.before = never;
    await expect.poll(() => terms.at(-1)?.signal.aborted, patience).toBe(true);
    expect(elector.isLeader()).toBe(false);
    await stop();
  });

  it('outlasts a request that hangs: there is time for another', async () => {
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

  it('gives a request no more time than the term has left', async () => {
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

  it('ignores what a request that was given up brings later', async () => {
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
    ['given to another', { ...foreign, leaseDurationSeconds: 3600 }],
    ['given to another, for no time', { ...foreign, leaseDurationSeconds: 0 }],
    ['emptied', empty],
  ])('is lost when the Lease is %s, before the deadline', async (_, spec) => {
    const server = createLeaseServer();
    const { terms, elector, clock } = await startLeader(server, { obedient: false });
    server.edit(spec);
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    expect(elector.isLeader()).toBe(false);
    expect(clock.ms).toBe(5000);
    expect(server.holder).toBe(spec.holderIdentity);
  });

  it('stays when the Lease is deleted, which is made again', async () => {
    const server = createLeaseServer();
    const { elector, terms } = await startLeader(server);
    server.remove();
    await expect.poll(() => server.holder, patience).toBe('me');
    await furtherRequests(server, 3);
    expect(elector.isLeader()).toBe(true);
    expect(terms).toHaveLength(1);
  });

  it('stays when somebody else writes to the Lease, whose changes stay too', async () => {
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

  it('is given up when the work ends by itself, and campaigned for again', async () => {
    const server = createLeaseServer();
    const { terms, lines } = await startLeader(server);
    terms[0]?.end();
    await expect.poll(() => terms.length, patience).toBe(2);
    expect(terms[0]?.signal.aborted).toBe(true);
    expect(server.writes().some(({ body = '' }) => body.includes('"holderIdentity":""'))).toBe(true);
    expect(lines.map(({ msg }) => msg)).toContain('the work of the leader ended by itself');
  });

  it.each([
    ['rejects', async () => Promise.reject(new Error('broken'))],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
  ])('is given up when the work %s, and campaigned for again', async (_, fail) => {
    const server = createLeaseServer();
    let terms = 0;
    const onStartedLeading = (): Promise<void> => {
      terms += 1;
      return fail();
    };
    const { lines, stop } = startCandidate(server, { onStartedLeading });
    await expect.poll(() => terms, patience).toBeGreaterThan(1);
    expect(lines.find(({ msg }) => msg === 'the work of the leader failed')?.reason).toBe('broken');
    await stop();
    expect(server.holder).toBe('');
  });
});

describe('a campaign', () => {
  it("takes another's Lease after its record has not changed for its duration, by our clock", async () => {
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

  it('makes a deleted Lease only after the time for which its holder may lead without it', async () => {
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

  it('goes on after errors of every kind', async () => {
    const server = createLeaseServer();
    const errors = [403, 429, 500].map((status) => new KubernetesError(status, '', `status ${status}`, 0));
    const failures: unknown[] = [...errors, new ConnectionError('no answer'), new SyntaxError('not JSON'), 'a string'];
    server.before = async () => {
      if (failures.length > 0) throw failures.shift();
    };
    const { terms, lines } = startCandidate(server);
    await expect.poll(() => terms.length, patience).toBe(1);
    const reasons = lines.filter(({ level }) => level === 40).map(({ reason }) => reason);
    expect(reasons).toEqual(['status 403', 'status 429', 'status 500', 'no answer', 'not JSON', 'a string']);
  });

  it('that loses to a conflict does not lead', async () => {
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

  it('won by a write whose answer was lost leads with the next one', async () => {
    const server = createLeaseServer();
    let lost = 0;
    server.after = async ({ method }) => {
      if (method !== 'GET' && lost++ === 0) throw new ConnectionError('no answer');
    };
    const { elector } = await startLeader(server);
    expect(elector.isLeader()).toBe(true);
    expect(lost).toBeGreaterThan(1);
    expect(server.lease?.spec?.leaseTransitions).toBe(0);
  });

  it('sends what the API takes', async () => {
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
  it('releases the Lease only after work has stopped, and renews it until then', async () => {
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

  it('waits for work that was told of a lost leadership', async () => {
    const server = createLeaseServer();
    const { clock, terms, stopping, running } = await startLeader(server, { obedient: false });
    server.before = unanswered;
    clock.ms += 10_000;
    await expect.poll(() => terms[0]?.signal.aborted, patience).toBe(true);
    server.before = async () => undefined;
    stopping.abort();
    const before = server.requests.length;
    await sleep(50);
    expect(server.requests).toHaveLength(before);
    expect(server.holder).toBe('me');
    terms[0]?.end();
    await running;
    // The record was still ours.
    expect(server.holder).toBe('');
  });

  it('releases although a renewal arrives between', async () => {
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

  it("leaves another's Lease as it is", async () => {
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

  it('leaves a deleted Lease deleted', async () => {
    const server = createLeaseServer();
    const { stop } = await startLeader(server);
    server.before = async () => server.remove();
    await stop();
    expect(server.lease).toBeUndefined();
  });

  it('while the Lease is being taken gives it back', async () => {
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

  it('while the Lease is being read does not take it later', async () => {
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
    await sleep(20);
    expect(server.writes()).toEqual([]);
  });

  it('of one that never wrote sends nothing', async () => {
    const server = createLeaseServer();
    server.edit(foreign);
    const { stop } = startCandidate(server);
    await furtherRequests(server, 3);
    const reads = server.requests.length;
    await stop();
    expect(server.requests).toHaveLength(reads);
  });

  it('ends also when the Lease cannot be released', async () => {
    const server = createLeaseServer();
    const { stop, lines } = await startLeader(server);
    server.before = unanswered;
    await stop();
    expect(lines.at(-1)).toMatchObject({ level: 40, reason: 'no answer' });
    expect(server.holder).toBe('me');
  });

  it('before the start sends nothing', async () => {
    const server = createLeaseServer();
    const elector = createLeaderElector({
      transport: server.transport,
      ...{ namespace: 'shop', name: 'lease', identity: 'me', log: pino({ level: 'silent' }) },
      onStartedLeading: never,
    });
    await elector.run(AbortSignal.abort());
    expect(server.requests).toEqual([]);
  });
});
