import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { type OperatorProcess, type StartOptions, startOperator } from '../tools/operator-process.ts';
import { poll } from '../tools/poll.ts';

const root = join(import.meta.dirname, '..');
/** How the Dockerfile starts the bundle. */
const asInImage = { nodeArguments: ['--max-semi-space-size=2'], environment: { MALLOC_ARENA_MAX: '2' } };

const timeoutMs = 3_600_000;
const metricsIntervalMs = 500;

/** The bundle, which `npm run build` writes. */
export const bundle = 'dist/operator/main.js';

/**
 * How to start a program of this repository.
 *
 * @param program relative to the repository
 */
export function startOptions(program: string): StartOptions {
  return { ...(program.endsWith('.js') && asInImage), program: join(root, program) };
}

/** What the operator has used since it was started. */
export interface Usage {
  cpuSeconds: number;
  /** Resident memory now. */
  mebibytes: number;
  /** JavaScript heap in use, with garbage that is not collected yet. */
  heapMebibytes: number;
  /** Requests to the API server that change something. */
  writes: number;
  /** Requests to the API server that only read. */
  reads: number;
}

/** Metrics that show whether the operator has more work. */
export interface Progress {
  reconciled: number;
  ready: number;
  queued: number;
}

/** Starts an operator with plain HTTP on the loopback interface. */
export async function startScaleOperator(
  { kubeconfig, directory }: { kubeconfig: string; directory: string },
  options: StartOptions = {},
): Promise<OperatorProcess> {
  const config = join(directory, 'config.yaml');
  const loopback = { address: '127.0.0.1', port: 0 };
  const kind = { apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' };
  await writeFile(
    config,
    stringify({ ...kind, http: { ...loopback, plain: true, shutdownDelaySeconds: 0 }, health: loopback }),
  );
  return startOperator(['--kubeconfig', kubeconfig, '--config', config], options);
}

/**
 * Waits until the operator has no work for two seconds.
 *
 * @returns what it has used, and the time of the last work, as performance.now()
 */
export async function untilSettled(
  operator: OperatorProcess,
  isDone: (progress: Progress) => boolean,
): Promise<Usage & { settledAt: number }> {
  let idleSince: number | undefined;
  return poll(
    'the operator to settle',
    async () => {
      // Reading the metrics of many AccessKeys takes CPU time of the operator.
      await sleep(metricsIntervalMs);
      const text = await (await fetch(`${operator.healthUrl}/metrics`)).text();
      const { queued, ...progress } = progressIn(text);
      idleSince = queued === 0 && isDone({ queued, ...progress }) ? (idleSince ?? performance.now()) : undefined;
      if (idleSince === undefined || performance.now() - idleSince < 2_000) return undefined;
      return { ...usageIn(text), settledAt: idleSince };
    },
    timeoutMs,
    0,
  );
}

function progressIn(text: string): Progress {
  return {
    reconciled: sum(text, /^controller_runtime_reconcile_total\{.*\} (\S+)$/gm),
    ready: sum(text, /^accesskey_accesskeys\{ready="True"\} (\S+)$/gm),
    queued: sum(text, /^workqueue_depth\{.*\} (\S+)$/gm),
  };
}

function usageIn(text: string): Usage {
  return {
    cpuSeconds: sum(text, /^process_cpu_seconds_total (\S+)$/gm),
    mebibytes: Math.round(sum(text, /^process_resident_memory_bytes (\S+)$/gm) / 2 ** 20),
    heapMebibytes: Math.round(sum(text, /^nodejs_heap_size_used_bytes (\S+)$/gm) / 2 ** 20),
    writes: sum(text, /^rest_client_requests_total\{.*method="(?:POST|PUT|PATCH|DELETE)".*\} (\S+)$/gm),
    reads: sum(text, /^rest_client_requests_total\{.*method="GET".*\} (\S+)$/gm),
  };
}

function sum(text: string, line: RegExp): number {
  return [...text.matchAll(line)].reduce((total, [, value]) => total + Number(value), 0);
}
