/** Loads several servers in turn, so that other activity on the machine affects all of them equally. */
import { createHistogram } from 'node:perf_hooks';
import { type Load, type LoadResult, runLoad, type Target } from './load-generator.ts';

const warmUpSeconds = 3;
const rounds = 3;

/** A server under load. */
export interface LoadedServer {
  load: Load;
  target: Target;
  /** Returns the CPU time that the server has used so far, seconds. */
  cpuSeconds(): Promise<number>;
}

/** Result of a load over all rounds. */
export interface LoadTotal extends Pick<LoadResult, 'count' | 'errors' | 'seconds' | 'latency'> {
  /** CPU time of the server, seconds, without that of reading it. */
  serverCpu: number;
}

export interface AlternatingLoadOptions {
  connections: number;
  /** Duration for each server. */
  seconds: number;
}

export async function runAlternating(
  servers: readonly LoadedServer[],
  { connections, seconds }: AlternatingLoadOptions,
): Promise<LoadTotal[]> {
  const parts = servers.map((): LoadTotal[] => []);
  for (const { load, target } of servers) {
    await runLoad({ load, targets: [target], connections, seconds: warmUpSeconds });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, server] of servers.entries()) {
      parts[index]?.push(await measure(server, { connections, seconds: seconds / rounds }));
    }
  }
  return parts.map(sumOf);
}

async function measure(server: LoadedServer, options: AlternatingLoadOptions): Promise<LoadTotal> {
  const { load, target, cpuSeconds } = server;
  const [first, before] = [await cpuSeconds(), await cpuSeconds()];
  const result = await runLoad({ load, targets: [target], ...options });
  const costOfReading = before - first;
  return { ...result, serverCpu: (await cpuSeconds()) - before - costOfReading };
}

function sumOf(parts: readonly LoadTotal[]): LoadTotal {
  const latency = createHistogram();
  for (const part of parts) latency.add(part.latency);
  const sum = (field: 'count' | 'errors' | 'seconds' | 'serverCpu') =>
    parts.reduce((total, part) => total + part[field], 0);
  return {
    count: sum('count'),
    errors: sum('errors'),
    seconds: sum('seconds'),
    serverCpu: sum('serverCpu'),
    latency,
  };
}
