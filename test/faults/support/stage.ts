import { join } from 'node:path';
import type { OperatorProcess } from '../../../tools/operator-process.ts';
import { randomFaults } from '../../support/fault-proxy.ts';
import { shiftedClock } from '../../support/shifted-clock.ts';
import { accessKeysPath, secretsPath, untilNone } from './admin.ts';
import { type Arena, noLease, type Way } from './arena.ts';
import { createExpectations, type Expectations } from './expectations.ts';
import { complaintsOf, readWorld, type World } from './invariants.ts';

/** Where sequences of commands are played: one operator under a clock of its own, and the model beside it. */
export interface Stage {
  readonly arena: Arena;
  readonly way: Way;
  readonly expectations: Expectations;
  /** Secrets of others, by namespace/name, as JSON. */
  readonly foreign: Map<string, string>;
  /** uids of the AccessKeys whose spec was changed since all had settled. */
  readonly changed: Set<string>;
  readonly counts: Record<string, number>;
  setFaults(on: boolean): void;
  /** Starts the operator if none runs. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** What the operator's clock says, in milliseconds since the epoch, after so many more hours. */
  clockIn(hours: number): number;
  advance(hours: number): void;
  world(): Promise<World>;
  /** Makes the operator look at every AccessKey, as it does by itself each half minute. */
  touch(namespace: string): Promise<void>;
  settle(): Promise<void>;
  /** Deletes all in the namespace and waits until nothing is left of it. */
  clear(namespace: string): Promise<void>;
}

export async function createStage(arena: Arena, seed: number): Promise<Stage> {
  const { admin, directory, history } = arena;
  const way = await arena.openWay();
  const clock = shiftedClock(join(directory, 'stage-clock'));
  const expectations = createExpectations(history);
  const foreign = new Map<string, string>();
  const changed = new Set<string>();
  let operator: OperatorProcess | undefined;
  let hours = 0;
  let touches = 0;
  const clockIn = (more: number) => Date.now() + (hours + more) * 3_600_000;
  const world = () => readWorld(admin, foreign, clockIn(0));

  const stage: Stage = {
    ...{ arena, way, expectations, foreign, changed, counts: {}, clockIn, world },
    setFaults(on) {
      way.proxy.decide = on ? randomFaults({ seed, share: 0.2 }) : () => undefined;
    },
    async start() {
      operator ??= await arena.startOperator(way, noLease, clock.options);
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
      await stage.start();
      await untilNone('all settles', async () => {
        const now = await world();
        return [...complaintsOf(now), ...expectations.complaints(now)];
      });
      expectations.settled(await world());
      changed.clear();
    },
    async clear(namespace) {
      stage.setFaults(false);
      for (const { metadata } of await admin.list(accessKeysPath(namespace)))
        await admin.remove(`${accessKeysPath(namespace)}/${metadata.name}`);
      for (const key of foreign.keys()) await admin.remove(`${secretsPath(namespace)}/${key.split('/')[1]}`);
      foreign.clear();
      await stage.settle();
    },
  };
  return stage;
}
