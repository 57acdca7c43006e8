/** Replays a day with many AccessKeys, `npm run test:soak`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '../../tools/poll.ts';
import { metricValue } from '../support/metrics.ts';
import { finalProblems } from './checks.ts';
import { disrupt } from './disruptions.ts';
import { editAccessKeys } from './edits.ts';
import { readOptions, type SoakOptions, usage } from './options.ts';
import { createPopulation } from './population.ts';
import { type Samples, takeSamples } from './samples.ts';
import { type SoakPlatform, startSoakPlatform } from './soak-platform.ts';
import { followStreams } from './streams.ts';
import { grantView, listDeployments, readSteadyPairs, requestTokens } from './tokens.ts';

const dayMinutes = 24 * 60;
const tickMs = 1_000;
const minutesPerDisruption = 12;
const readyMs = 1_800_000;
const seed = 18;

const print = (line: string) => process.stdout.write(`${line}\n`);

async function run(options: SoakOptions): Promise<string[]> {
  const platform = await startSoakPlatform(options);
  try {
    print('creating the AccessKeys');
    await createPopulation(platform);
    await grantView(platform);
    await untilAllReady(platform);
    print(`${options.accessKeys} AccessKeys are Ready; the day takes ${options.minutes} min`);
    const samples = await replayDay(platform);
    print(JSON.stringify({ counts: platform.record.counts, samples: samples.summary() }));
    const problems = [...samples.growth(), ...(await finalProblems(platform, shiftAfter(options.minutes, options)))];
    const failures = Object.entries(platform.record.failures).map(([what, count]) => `${count} times: ${what}`);
    return [...failures, ...problems];
  } finally {
    await platform.stop();
  }
}

function untilAllReady({ operator, options }: SoakPlatform): Promise<true> {
  const series = 'accesskey_accesskeys{ready="True"}';
  const isReady = async () => {
    await sleep(tickMs);
    return (await metricValue(operator, series)) === options.accessKeys;
  };
  return poll('all AccessKeys to be Ready', isReady, readyMs);
}

async function replayDay(platform: SoakPlatform): Promise<Samples> {
  const { minutes } = platform.options;
  const pairs = await readSteadyPairs(platform);
  const end = new AbortController();
  const count = Math.max(1, Math.floor(minutes / minutesPerDisruption));
  const disruptions = { count, intervalMs: (minutes * 60_000) / (count + 1) };
  const activities = [
    moveClock(platform, end.signal),
    requestTokens(platform, pairs, end.signal),
    listDeployments(platform, pairs, end.signal),
    followStreams(platform, pairs, end.signal),
    editAccessKeys(platform, seed, end.signal),
    disrupt(platform, disruptions, end.signal),
  ];
  const sampling = takeSamples(platform, end.signal);
  await sleep(minutes * 60_000);
  end.abort();
  await Promise.all(activities);
  return sampling;
}

/** Moves the clock of the operator, so that a day passes during the run. */
async function moveClock({ options, shift }: SoakPlatform, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  while (!signal.aborted) {
    shift(shiftAfter((performance.now() - startedAt) / 60_000, options));
    await sleep(tickMs);
  }
  shift(shiftAfter(options.minutes, options));
}

/** @returns how far the clock is ahead after some minutes, whole seconds */
function shiftAfter(minutes: number, options: SoakOptions): number {
  return Math.round(60 * minutes * (dayMinutes / options.minutes - 1));
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') {
    print(usage);
    return;
  }
  const problems = await run(options);
  for (const problem of problems) print(`problem: ${problem}`);
  print(problems.length === 0 ? 'soak: passed' : `soak: ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
