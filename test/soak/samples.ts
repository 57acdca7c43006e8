import { setTimeout as sleep } from 'node:timers/promises';
import { readMetrics, valueIn } from '../support/metrics.ts';
import { checkOutput } from './checks.ts';
import { growthOf, type Series } from './flatness.ts';
import type { SoakPlatform } from './soak-platform.ts';

/** Number of samples in a run. */
const sampleCount = 60;
/** How long a garbage collection may take before the sample, milliseconds. */
const collectionMs = 500;
const mebibyte = 2 ** 20;

interface Measured {
  name: string;
  series: string;
  /** Unit of the samples. */
  unit: number;
  slack: number;
  share?: number;
}

/** Caches with a limit fill up slowly, connections come and go: that is the slack. */
const measured: readonly Measured[] = [
  { name: 'heap MiB', series: 'nodejs_heap_size_used_bytes', unit: mebibyte, slack: 8 },
  { name: 'resident MiB', series: 'process_resident_memory_bytes', unit: mebibyte, slack: 16, share: 0.1 },
  { name: 'file descriptors', series: 'process_open_fds', unit: 1, slack: 16 },
  { name: 'timers', series: 'nodejs_active_resources{type="Timeout"}', unit: 1, slack: 50 },
];

/** Samples of memory, file descriptors and timers of the operator. */
export interface Samples {
  /** First, middle and last value of each. */
  summary(): Record<string, readonly number[]>;
  /** @returns what grows over the second half */
  growth(): string[];
}

/** Takes samples at equal intervals until the signal aborts. */
export async function takeSamples(platform: SoakPlatform, signal: AbortSignal): Promise<Samples> {
  const { operator, options } = platform;
  const intervalMs = (options.minutes * 60_000) / sampleCount;
  const all = measured.map((one) => ({ ...one, values: [] as number[] }));
  while (!signal.aborted) {
    await sleep(Math.max(0, intervalMs - collectionMs), undefined, { signal }).catch(() => undefined);
    operator.process.kill('SIGUSR2');
    await sleep(collectionMs);
    const metrics = await readMetrics(operator);
    checkOutput(platform);
    for (const { values, series, unit } of all)
      values.push(Math.round((valueIn(metrics, series) ?? Number.NaN) / unit));
  }
  return {
    summary: () => Object.fromEntries(all.map(({ name, values }) => [name, extract(values)])),
    growth: () => all.flatMap((one: Series) => growthOf(one) ?? []),
  };
}

function extract(values: readonly number[]): number[] {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => values[Math.round(share * (values.length - 1))] ?? Number.NaN);
}
