import { join } from 'node:path';
import type { OperatorProcess } from '../../../tools/operator-process.ts';
import { randomFaults } from '../../support/fault-proxy.ts';
import { readMetrics } from '../../support/metrics.ts';
import { reconciledAfter } from '../../support/reconciliation.ts';
import { shiftedClock } from '../../support/shifted-clock.ts';
import { accessKeysPath, secretsPath, untilEmpty } from './admin.ts';
import { createExpectations, type Expectations } from './expectations.ts';
import { type FaultCluster, type Link, noLease } from './fault-cluster.ts';
import { readWorld, violationsOf, type World } from './invariants.ts';
import { writesIn } from './settling.ts';

/** Runs sequences of commands against one operator with a clock of its own, and against the model. */
export interface Harness {
  readonly cluster: FaultCluster;
  readonly link: Link;
  readonly expectations: Expectations;
  /** Secrets that the operator does not own, by namespace/name, as JSON. */
  readonly foreign: Map<string, string>;
  /** uids of the AccessKeys whose spec changed since the cluster settled. */
  readonly changed: Set<string>;
  readonly counts: Record<string, number>;
  setFaults(on: boolean): void;
  /** Starts the operator if it is not running. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** The time of the operator's clock in `hours` hours, milliseconds since the epoch. */
  clockIn(hours: number): number;
  advance(hours: number): void;
  world(): Promise<World>;
  /** Makes the operator reconcile every AccessKey, as it does by itself every 30 seconds. */
  touch(namespace: string): Promise<void>;
  settle(): Promise<void>;
  /**
   * Makes the operator reconcile every AccessKey of a settled cluster.
   *
   * @returns its writes, which must be none, and its metrics
   */
  reconcileAgain(namespace: string): Promise<{ writes: string[]; metrics: string }>;
  /** Deletes everything in the namespace and waits until the cluster has settled. */
  clear(namespace: string): Promise<void>;
}

export async function createHarness(cluster: FaultCluster, seed: number): Promise<Harness> {
  const { admin, directory, history } = cluster;
  const link = await cluster.openLink();
  const clock = shiftedClock(join(directory, 'harness-clock'));
  const expectations = createExpectations(history);
  const foreign = new Map<string, string>();
  const changed = new Set<string>();
  let operator: OperatorProcess | undefined;
  let hours = 0;
  let touches = 0;
  const clockIn = (more: number) => Date.now() + (hours + more) * 3_600_000;
  const world = () => readWorld(admin, foreign, clockIn(0));

  const harness: Harness = {
    cluster,
    link,
    expectations,
    foreign,
    changed,
    counts: {},
    clockIn,
    world,
    setFaults(on) {
      link.proxy.decide = on ? randomFaults({ seed, share: 0.2 }) : () => undefined;
    },
    async start() {
      operator ??= await cluster.startOperator(link, noLease, clock.options);
    },
    async kill() {
      await operator?.stop('SIGKILL');
      operator = undefined;
    },
    advance(more) {
      hours += more;
      clock.shift(hours * 3600);
    },
    async touch(namespace) {
      touches += 1;
      const patch = { metadata: { annotations: { touched: String(touches) } } };
      const all = await admin.list(accessKeysPath(namespace));
      for (const { metadata } of all) await admin.merge(`${accessKeysPath(namespace)}/${metadata.name}`, patch);
    },
    async settle() {
      await harness.start();
      await untilEmpty('the cluster to settle', async () => {
        const now = await world();
        return [...violationsOf(now), ...expectations.violations(now)];
      });
      expectations.settled(await world());
      changed.clear();
    },
    async reconcileAgain(namespace) {
      harness.setFaults(false);
      const running = operator;
      if (!running) throw new Error('the operator is not running');
      const seen = link.proxy.requests.length;
      const all = await admin.list(accessKeysPath(namespace));
      if (all.length > 0) await reconciledAfter(running, () => harness.touch(namespace));
      const isAboutPairs = (write: string) => /\/(secrets|accesskeys)\b/.test(write);
      const writes = writesIn(link.proxy.requests.slice(seen)).filter(isAboutPairs);
      return { writes, metrics: await readMetrics(running) };
    },
    async clear(namespace) {
      harness.setFaults(false);
      for (const { metadata } of await admin.list(accessKeysPath(namespace)))
        await admin.remove(`${accessKeysPath(namespace)}/${metadata.name}`);
      for (const key of foreign.keys()) await admin.remove(`${secretsPath(namespace)}/${key.split('/')[1]}`);
      foreign.clear();
      await harness.settle();
    },
  };
  return harness;
}
