import { setTimeout as sleep } from 'node:timers/promises';
import { deploymentsPath, type Pair, tokenPath } from '../support/platform.ts';
import { nameOf, numbersOf, readPairOf } from './population.ts';
import type { SoakPlatform } from './soak-platform.ts';

/** Requests are sent in groups at this interval, milliseconds. */
const groupMs = 50;
const listingIntervalMs = 250;
/** How often a client of listings gets a new token, in listings. */
const listingsPerToken = 100;
/** Key pairs that get tokens. */
const clients = 200;
const viewers = 10;

/** Reads the pairs of AccessKeys that never change. */
export async function readSteadyPairs(platform: SoakPlatform): Promise<Pair[]> {
  const numbers = numbersOf('steady', platform.options.accessKeys).slice(0, clients);
  const pairs = await Promise.all(numbers.map((n) => readPairOf(platform, n)));
  return pairs.filter((pair) => pair !== undefined);
}

/** Lets the first users of the steady pairs read Deployments. */
export async function grantView({ cluster, options }: SoakPlatform): Promise<void> {
  const users = numbersOf('steady', options.accessKeys).slice(0, viewers).map(nameOf);
  const subjects = users.map((name) => `--user=${name}`);
  await cluster.kubectl.run(['create', 'clusterrolebinding', 'soak-view', '--clusterrole=view', ...subjects]);
}

/** Requests tokens at a constant rate, also while the API server does not respond. Each request must succeed. */
export async function requestTokens(
  platform: SoakPlatform,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<void> {
  const perGroup = (platform.options.tokensPerSecond * groupMs) / 1000;
  const startedAt = performance.now();
  let sent = 0;
  const inFlight = new Set<Promise<void>>();
  while (!signal.aborted) {
    const due = ((performance.now() - startedAt) / groupMs) * perGroup;
    for (; sent < due; sent += 1) {
      const pair = pairs[sent % pairs.length];
      if (!pair) throw new Error('no key pair to request tokens with');
      const one = requestToken(platform, pair, 1 + (sent % 30)).then(() => void inFlight.delete(one));
      inFlight.add(one);
    }
    await sleep(groupMs);
  }
  await Promise.all(inFlight);
}

/** @returns the token, or undefined if the request has failed */
async function requestToken({ send, record }: SoakPlatform, pair: Pair, cycle: number): Promise<string | undefined> {
  const body = JSON.stringify({ ...pair, cycle });
  try {
    const answer = await send(tokenPath, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const { token } = (await answer.body.json()) as { token?: string };
    if (answer.statusCode === 200) record.done('token');
    else record.failed('token', `status ${answer.statusCode}`);
    return token;
  } catch (error) {
    record.failed('token', String(error));
    return undefined;
  }
}

/** Lists Deployments. A listing may fail with 503 only during an outage of the API server. */
export async function listDeployments(
  platform: SoakPlatform,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<void> {
  let token: string | undefined;
  for (let n = 0; !signal.aborted; n += 1) {
    const pair = pairs[n % Math.min(viewers, pairs.length)];
    if (n % listingsPerToken === 0 || token === undefined) token = pair && (await requestToken(platform, pair, 1));
    if (token !== undefined) await listOnce(platform, token);
    await sleep(listingIntervalMs);
  }
}

async function listOnce({ send, record, outage }: SoakPlatform, token: string): Promise<void> {
  const wasOutage = outage.current;
  try {
    const answer = await send(`${deploymentsPath}?pageSize=20`, { headers: { authorization: `Bearer ${token}` } });
    await answer.body.dump();
    const isAllowed = answer.statusCode === 200 || (answer.statusCode === 503 && (wasOutage || outage.current));
    if (isAllowed) record.done(`listing ${answer.statusCode}`);
    else record.failed('listing', `status ${answer.statusCode}`);
  } catch (error) {
    record.failed('listing', String(error));
  }
}
