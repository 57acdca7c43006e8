/** The checks during and after the day: no leaks and errors, everything settles, and nothing is written any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { untilEmpty } from '../faults/support/admin.ts';
import { readWorld, violationsOf } from '../faults/support/invariants.ts';
import { leaksIn } from '../support/leaks.ts';
import { readMetrics } from '../support/metrics.ts';
import type { SoakPlatform } from './soak-platform.ts';

/** The operator writes the last use of key pairs once a minute. */
const lastUseMs = 65_000;
/** Every ak and sk has this form. */
const uuid = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;

/** @returns what is wrong, in sentences */
export async function finalProblems(platform: SoakPlatform, shiftSeconds: number): Promise<string[]> {
  const problems = [...(await unsettled(platform, shiftSeconds)), ...(await writesWhileQuiet(platform))];
  checkOutput(platform);
  return problems;
}

async function unsettled({ admin }: SoakPlatform, shiftSeconds: number): Promise<string[]> {
  try {
    const now = () => Date.now() + shiftSeconds * 1000;
    await untilEmpty('the cluster to settle', async () => violationsOf(await readWorld(admin, new Map(), now())));
    return [];
  } catch (error) {
    return [String(error)];
  }
}

async function writesWhileQuiet({ operator, options }: SoakPlatform): Promise<string[]> {
  await sleep(lastUseMs);
  const before = writesIn(await readMetrics(operator));
  await sleep(options.quietSeconds * 1000);
  const writes = writesIn(await readMetrics(operator)) - before;
  return writes === 0 ? [] : [`${writes} writes in ${options.quietSeconds} s although nothing changed`];
}

function writesIn(metrics: string): number {
  const lines = metrics.matchAll(/^rest_client_requests_total\{.*method="(?:POST|PUT|PATCH|DELETE)".*\} (\S+)$/gm);
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

/**
 * Checks the lines that the operator has written since the last call, and drops them: it writes one for each request. An
 * outage of the API server causes warnings, but no errors.
 */
export function checkOutput({ operator, cluster, record }: SoakPlatform): void {
  const lines = operator.takeOutput();
  const text = lines.join('\n');
  // One search for all keys, because there are thousands.
  const hasKey = (text.match(uuid) ?? []).some((one) => cluster.secretKeys.has(one));
  for (const leak of leaksIn({ log: text }, [])) record.failed('log', leak);
  if (hasKey) record.failed('log', 'a secret key is in the log');
  for (const line of lines.filter((one) => /"level":"(error|fatal)"/.test(one))) record.failed('log', line);
}
