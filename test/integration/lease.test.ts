import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ConnectionError, KubernetesError } from '../../src/kube/errors.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createLeaderElector } from '../../src/kube/leader-elector.ts';
import type { Lease, LeaseTimings } from '../../src/kube/lease-record.ts';
import { createTransport, type Transport, type TransportRequest } from '../../src/kube/transport.ts';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';

const patience = { timeout: 90_000, interval: 20 };
/** Long enough that a holder rarely loses its Lease on a slow machine. */
const short = { leaseDurationMs: 2000, renewDeadlineMs: 1500, retryPeriodMs: 150 };
/** So long that no candidate takes over an unreleased Lease during a test. */
const long = { leaseDurationMs: 3_600_000, renewDeadlineMs: 1_800_000, retryPeriodMs: 150 };

let controlPlane: ControlPlane;
let kubectl: Kubectl;
let transport: Transport;

beforeAll(async () => {
  controlPlane = await startControlPlane({ log: () => undefined });
  kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
  transport = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), 'lease-test');
});
afterAll(async () => {
  await transport?.close();
  await controlPlane?.stop();
});

interface Exchange {
  method: string;
  sentAt: number;
  /** HTTP status of an error, or 0. */
  status: number;
}

/** The real transport with injected faults. */
function createWire(headers: Record<string, string> = {}) {
  const exchanges: Exchange[] = [];
  const wire = {
    exchanges,
    /** Whether requests do not reach the API server. */
    cut: false,
    /** Whether requests reach the API server but responses are lost. */
    losesAnswers: false,
    before: async (_request: TransportRequest): Promise<void> => undefined,
    mend(): void {
      wire.cut = false;
      wire.losesAnswers = false;
      wire.before = async () => undefined;
    },
    of: (method: string, status = 0) => exchanges.filter((one) => one.method === method && one.status === status),
    transport: {
      server: transport.server,
      close: async () => undefined,
      async send(request) {
        await wire.before(request);
        if (wire.cut) throw new ConnectionError('cut off');
        const exchange = { method: request.method, sentAt: performance.now(), status: 0 };
        try {
          const answer = await transport.send({ ...request, headers: { ...request.headers, ...headers } });
          exchanges.push(exchange);
          if (!wire.losesAnswers) return answer;
          await answer.body.dump();
          throw new ConnectionError('answer lost');
        } catch (error) {
          if (error instanceof KubernetesError) exchanges.push({ ...exchange, status: error.status });
          throw error;
        }
      },
    } satisfies Transport,
  };
  return wire;
}

interface Term {
  identity: string;
  start: number;
  /** Infinity until it ends. */
  end: number;
}

interface CandidateOptions {
  /** Name of the Lease. */
  name: string;
  identity: string;
  /** Receives the terms of the candidate. */
  terms: Term[];
  timings?: LeaseTimings;
  headers?: Record<string, string>;
  /** Work that remains after the signal to stop. */
  onStop?: () => Promise<void>;
}

function startCandidate({ name, identity, terms, timings = short, headers, onStop }: CandidateOptions) {
  const wire = createWire(headers);
  const stopping = new AbortController();
  const elector = createLeaderElector({
    transport: wire.transport,
    namespace: 'default',
    name,
    identity,
    timings,
    log: pino({ level: 'silent' }),
  });
  async function work(signal: AbortSignal): Promise<void> {
    const term: Term = { identity, start: performance.now(), end: Number.POSITIVE_INFINITY };
    terms.push(term);
    if (!signal.aborted) await once(signal, 'abort');
    await onStop?.();
    term.end = performance.now();
  }
  const running = elector.run(stopping.signal, work);
  async function stop(): Promise<void> {
    stopping.abort();
    await running;
  }
  return { identity, elector, wire, stop, terms: () => terms.filter((term) => term.identity === identity) };
}

type Candidate = ReturnType<typeof startCandidate>;

let races = 0;

/** Candidates for one Lease, with a record of what they do. */
function createRace() {
  races += 1;
  const name = `race-${races}`;
  const terms: Term[] = [];
  const candidates: Candidate[] = [];
  const doubles: string[] = [];
  const sampling = setInterval(() => {
    const leaders = candidates.filter(({ elector }) => elector.isLeader()).map(({ identity }) => identity);
    if (leaders.length > 1) doubles.push(leaders.join());
  }, 1);
  onTestFinished(async () => {
    clearInterval(sampling);
    for (const { wire } of candidates) wire.mend();
    await Promise.all(candidates.map(({ stop }) => stop()));
  });
  return {
    name,
    terms,
    enter(identity: string, options: Omit<CandidateOptions, 'name' | 'identity' | 'terms'> = {}): Candidate {
      const candidate = startCandidate({ name, identity, terms, ...options });
      candidates.push(candidate);
      return candidate;
    },
    /** Waits until the candidate leads. */
    leads: ({ identity, elector }: Candidate) =>
      poll(`${identity} leads`, async () => elector.isLeader() && terms.at(-1)?.identity === identity),
    lease: () => kubectl.get<Lease>('lease', name),
    /** Checks that no two candidates led at the same time, by their actions and by isLeader(). */
    expectNoOverlap(): void {
      for (const [index, term] of terms.entries()) {
        expect(term.start).toBeGreaterThanOrEqual(terms[index - 1]?.end ?? 0);
      }
      expect(doubles).toEqual([]);
    },
  };
}

/** Waits until the candidate has received `count` more responses of a kind. */
async function further(wire: ReturnType<typeof createWire>, count: number, method: string): Promise<void> {
  const before = wire.of(method).length;
  await expect.poll(() => wire.of(method).length, patience).toBeGreaterThanOrEqual(before + count);
}

/** A barrier: callers wait until `count` of them have arrived. */
function createBarrier(count: number): () => Promise<void> {
  const open = Promise.withResolvers<void>();
  let waiting = 0;
  return async () => {
    waiting += 1;
    if (waiting >= count) open.resolve();
    await open.promise;
  };
}

describe('two candidates', () => {
  test('create the Lease at the same time: one leads, the other gets a conflict and waits', async () => {
    const race = createRace();
    const barrier = createBarrier(2);
    const candidates = ['a', 'b'].map((identity) => race.enter(identity, { timings: long }));
    for (const { wire } of candidates) {
      wire.before = async ({ method }) => (method === 'POST' ? barrier() : undefined);
    }
    await expect.poll(() => race.terms.length, patience).toBe(1);
    const loser = candidates.find(({ identity }) => identity !== race.terms[0]?.identity);
    if (!loser) throw new Error('nobody lost');
    await expect.poll(() => loser.wire.of('POST', 409).length, patience).toBe(1);
    await further(loser.wire, 3, 'GET');
    expect(race.terms).toHaveLength(1);
    race.expectNoOverlap();
  });

  test('take over an expired Lease at the same time: one leads, the other gets a conflict and waits', async () => {
    const race = createRace();
    const barrier = createBarrier(2);
    const spec = { holderIdentity: 'dead', leaseDurationSeconds: 1, leaseTransitions: 7 };
    const metadata = { name: race.name, namespace: 'default' };
    await kubectl.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec });
    const candidates = ['a', 'b'].map((identity) => race.enter(identity, { timings: long }));
    for (const { wire } of candidates) wire.before = async ({ method }) => (method === 'PUT' ? barrier() : undefined);
    await expect.poll(() => race.terms.length, patience).toBe(1);
    const loser = candidates.find(({ identity }) => identity !== race.terms[0]?.identity);
    if (!loser) throw new Error('nobody lost');
    await expect.poll(() => loser.wire.of('PUT', 409).length, patience).toBe(1);
    await further(loser.wire, 3, 'GET');
    expect(race.terms).toHaveLength(1);
    expect((await race.lease()).spec).toMatchObject({
      holderIdentity: race.terms[0]?.identity,
      leaseTransitions: 8,
      leaseDurationSeconds: 3600,
    });
    race.expectNoOverlap();
  });

  test('hand over when one is stopped, without waiting for the Lease to expire', async () => {
    const race = createRace();
    for (let turn = 0; turn < 4; turn += 1) {
      const leader = race.enter(`turn-${turn}`, { timings: long });
      await race.leads(leader);
      const next = race.enter(`turn-${turn}-next`, { timings: long });
      await further(next.wire, 1, 'GET');
      await leader.stop();
      await race.leads(next);
      await next.stop();
    }
    expect((await race.lease()).spec).toMatchObject({
      holderIdentity: '',
      leaseDurationSeconds: 1,
      leaseTransitions: 7,
    });
    race.expectNoOverlap();
  });

  test('release the Lease only after their work has stopped', async () => {
    const race = createRace();
    const work = Promise.withResolvers<void>();
    const leader = race.enter('leader', { onStop: () => work.promise });
    await race.leads(leader);
    const next = race.enter('next');
    const stopped = leader.stop();
    // Longer than the Lease duration: the Lease is renewed while work stops.
    await further(leader.wire, 15, 'PUT');
    await further(next.wire, 3, 'GET');
    expect(race.terms).toHaveLength(1);
    work.resolve();
    await stopped;
    await race.leads(next);
    race.expectNoOverlap();
  });

  test('replace a holder that dies without release after the Lease duration', async () => {
    const race = createRace();
    const dead = race.enter('dead');
    await race.leads(dead);
    const next = race.enter('next', { timings: long });
    await further(next.wire, 2, 'GET');
    await further(dead.wire, 2, 'PUT');
    dead.wire.cut = true;
    await dead.stop();
    expect((await race.lease()).spec?.holderIdentity).toBe('dead');
    await race.leads(next);
    const lastRenewal = dead.wire.of('PUT').at(-1)?.sentAt ?? Number.NaN;
    expect((next.terms()[0]?.start ?? 0) - lastRenewal).toBeGreaterThanOrEqual(short.leaseDurationMs);
    expect((await race.lease()).spec?.leaseTransitions).toBe(1);
    race.expectNoOverlap();
  });

  test.each(['refused', 'hanging'])(
    'a leader that is cut off stops before another starts, and can lead again later: %s',
    async (how) => {
      const race = createRace();
      const first = race.enter('first');
      await race.leads(first);
      const second = race.enter('second', { timings: long });
      await further(second.wire, 2, 'GET');
      if (how === 'refused') first.wire.cut = true;
      else first.wire.before = () => new Promise(() => undefined);
      await race.leads(second);
      expect(first.terms()[0]?.end).toBeLessThanOrEqual(second.terms()[0]?.start ?? Number.NaN);
      expect(first.elector.isLeader()).toBe(false);
      first.wire.cut = false;
      first.wire.before = async () => undefined;
      await further(first.wire, 3, 'GET');
      await second.stop();
      await race.leads(first);
      expect((await race.lease()).spec?.leaseTransitions).toBe(2);
      race.expectNoOverlap();
    },
  );

  test('never lead at the same time under random faults', async () => {
    const race = createRace();
    const candidates = ['a', 'b', 'c'].map((identity) => race.enter(identity));
    for (let round = 0; round < 6; round += 1) {
      const leader = await poll('one leads', async () => candidates.find(({ elector }) => elector.isLeader()));
      const before = race.terms.length;
      if (round % 2 === 0) leader.wire.losesAnswers = true;
      else leader.wire.cut = true;
      await expect.poll(() => leader.elector.isLeader(), patience).toBe(false);
      // Its writes took effect, so no other candidate leads until it stops writing.
      leader.wire.losesAnswers = false;
      await expect.poll(() => race.terms.length, patience).toBeGreaterThan(before);
      leader.wire.mend();
    }
    race.expectNoOverlap();
  });
});

describe('a Lease that is edited from outside', () => {
  test('is created again by its holder when deleted, without loss of leadership', async () => {
    const race = createRace();
    const leader = race.enter('leader', { timings: long });
    await race.leads(leader);
    const other = race.enter('other', { timings: long });
    await further(other.wire, 2, 'GET');
    const { uid } = (await race.lease()).metadata;
    await kubectl.run(['delete', 'lease', race.name]);
    const again = await poll('the Lease', race.lease);
    expect(again.metadata.uid).not.toBe(uid);
    expect(again.spec).toMatchObject({ holderIdentity: 'leader', leaseTransitions: 0 });
    await further(leader.wire, 2, 'PUT');
    await further(other.wire, 2, 'GET');
    expect(race.terms).toHaveLength(1);
    expect(leader.elector.isLeader()).toBe(true);
    race.expectNoOverlap();
  });

  test('ends the leadership when it names another holder, until it is given back', async () => {
    const race = createRace();
    const leader = race.enter('leader', { timings: long });
    await race.leads(leader);
    const patch = (spec: object) =>
      kubectl.run(['patch', 'lease', race.name, '--type=merge', '-p', JSON.stringify({ spec })]);
    await patch({ holderIdentity: 'someone' });
    await expect.poll(() => leader.terms()[0]?.end, patience).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(leader.elector.isLeader()).toBe(false);
    await further(leader.wire, 3, 'GET');
    expect(race.terms).toHaveLength(1);
    expect((await race.lease()).spec?.holderIdentity).toBe('someone');
    await patch({ holderIdentity: '' });
    await race.leads(leader);
    expect((await race.lease()).spec?.leaseTransitions).toBe(1);
    race.expectNoOverlap();
  });

  test('causes a conflict without loss of leadership, and keeps the edit', async () => {
    const race = createRace();
    const leader = race.enter('leader', { timings: long });
    await race.leads(leader);
    await kubectl.run(['label', 'lease', race.name, 'team=ops']);
    await kubectl.run(['annotate', 'lease', race.name, 'note=kept']);
    let edits = 0;
    leader.wire.before = async ({ method }) => {
      if (method !== 'PUT' || edits > 0) return;
      edits += 1;
      const patch = { metadata: { annotations: { edited: 'yes' }, finalizers: ['example.com/kept'] } };
      await kubectl.run(['patch', 'lease', race.name, '--type=merge', '-p', JSON.stringify(patch)]);
    };
    await expect.poll(() => leader.wire.of('PUT', 409).length, patience).toBeGreaterThan(0);
    await further(leader.wire, 2, 'PUT');
    const kept = {
      labels: { team: 'ops' },
      annotations: { note: 'kept', edited: 'yes' },
      finalizers: ['example.com/kept'],
    };
    expect((await race.lease()).metadata).toMatchObject(kept);
    expect(race.terms).toHaveLength(1);
    const next = race.enter('next', { timings: long });
    await leader.stop();
    expect((await race.lease()).metadata).toMatchObject(kept);
    await race.leads(next);
    await further(next.wire, 1, 'PUT');
    expect((await race.lease()).metadata).toMatchObject(kept);
    race.expectNoOverlap();
  });

  test('has times with six fraction digits, and a renewal changes only renewTime', async () => {
    const race = createRace();
    const leader = race.enter('leader', { timings: long });
    await race.leads(leader);
    const first = (await race.lease()).spec;
    await further(leader.wire, 2, 'PUT');
    const later = (await race.lease()).spec;
    expect(first?.acquireTime).toMatch(/\.\d{6}Z$/);
    expect(later?.renewTime).toMatch(/\.\d{6}Z$/);
    expect(later?.renewTime).not.toBe(first?.renewTime);
    expect({ ...later, renewTime: '' }).toEqual({ ...first, renewTime: '' });
  });
});

test('leader election needs get, create and update on leases, and keeps trying without them', async () => {
  const race = createRace();
  const user = 'candidate';
  const candidate = race.enter('limited', { timings: long, headers: { 'impersonate-user': user } });
  await expect.poll(() => candidate.wire.of('GET', 403).length, patience).toBeGreaterThan(1);
  expect(race.terms).toEqual([]);
  const role = ['--verb=get,create,update', '--resource=leases.coordination.k8s.io'];
  await kubectl.run(['create', 'role', 'elector', ...role]);
  await kubectl.run(['create', 'rolebinding', 'elector', '--role=elector', `--user=${user}`]);
  await race.leads(candidate);
  await further(candidate.wire, 2, 'PUT');
  await candidate.stop();
  expect((await race.lease()).spec?.holderIdentity).toBe('');
});

/** A process that leads and prints isLeader() continuously: `<monotonic clock of the machine> <true|false>`. */
const program = `
  const [kubeconfig, name, timings, source] = process.argv.slice(1);
  const { createLeaderElector } = await import(source + 'leader-elector.ts');
  const { createTransport } = await import(source + 'transport.ts');
  const { loadKubeconfig } = await import(source + 'kubeconfig.ts');
  const { pino } = await import('pino');
  const elector = createLeaderElector({
    transport: createTransport(() => loadKubeconfig(kubeconfig), 'lease-test'),
    namespace: 'default', name, identity: 'process', timings: JSON.parse(timings), log: pino({ level: 'silent' }),
  });
  const work = (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  void elector.run(new AbortController().signal, work);
  setInterval(() => {
    const at = process.hrtime.bigint();
    process.stdout.write(at + ' ' + elector.isLeader() + '\\n');
  }, 1);
`;

test('a process that was paused with SIGSTOP is not leader when it continues', async () => {
  const race = createRace();
  const source = pathToFileURL(`${import.meta.dirname}/../../src/kube/`).href;
  const words = [controlPlane.kubeconfig, race.name, JSON.stringify(short), source];
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  const samples = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ at: BigInt(line.split(' ')[0] ?? ''), leads: line.endsWith('true') }));
  await expect.poll(() => samples().at(-1)?.leads, patience).toBe(true);
  const next = race.enter('next', { timings: long });
  await further(next.wire, 2, 'GET');
  child.kill('SIGSTOP');
  await race.leads(next);
  const taken = process.hrtime.bigint();
  child.kill('SIGCONT');
  const count = samples().length;
  await expect.poll(() => samples().length, patience).toBeGreaterThan(count + 300);
  const later = samples().filter(({ at }) => at > taken);
  expect(later.length).toBeGreaterThan(100);
  expect(later.filter(({ leads }) => leads)).toEqual([]);
  expect(next.elector.isLeader()).toBe(true);
});
