import { createHistogram } from 'node:perf_hooks';
import { type Answered, type Load, run, type Target } from './load-generator.ts';

const warmUpSeconds = 3;
const turns = 3;

/** A server, and how to learn what CPU time it has used so far, seconds. */
export interface Measured {
  load: Load;
  target: Target;
  cpuSeconds(): Promise<number>;
}

/** What came of a load over all turns. */
export interface Total extends Pick<Answered, 'count' | 'errors' | 'seconds' | 'latency'> {
  /** CPU time of the server, seconds; what it takes to ask for that is taken off. */
  used: number;
}

/**
 * Asks for loads of several servers in turns, so that what else the machine does falls on all of them.
 *
 * @param options.seconds for each
 */
export async function askInTurns(
  servers: readonly Measured[],
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Total[]> {
  const parts = servers.map((): Total[] => []);
  for (const { load, target } of servers) await run(load, [target], connections, warmUpSeconds);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, server] of servers.entries()) {
      parts[index]?.push(await ask(server, connections, seconds / turns));
    }
  }
  return parts.map(together);
}

async function ask({ load, target, cpuSeconds }: Measured, connections: number, seconds: number): Promise<Total> {
  const [first, before] = [await cpuSeconds(), await cpuSeconds()];
  const answered = await run(load, [target], connections, seconds);
  return { ...answered, used: (await cpuSeconds()) - before - (before - first) };
}

function together(parts: readonly Total[]): Total {
  const latency = createHistogram();
  for (const part of parts) latency.add(part.latency);
  const sum = (what: 'count' | 'errors' | 'seconds' | 'used') => parts.reduce((total, part) => total + part[what], 0);
  return { count: sum('count'), errors: sum('errors'), seconds: sum('seconds'), used: sum('used'), latency };
}
