import { setTimeout as sleep } from 'node:timers/promises';
import type { Pair } from '../support/platform.ts';
import type { SoakPlatform } from './soak-platform.ts';

const eventsPath = '/personal-center/access-keys/events';
const reconnectMs = 1_000;

/** Keeps one event stream of the console open per pair, and signs in again when the session has ended. */
export async function followStreams(
  platform: SoakPlatform,
  pairs: readonly Pair[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(pairs.slice(0, platform.options.streams).map((pair) => follow(platform, pair, signal)));
}

async function follow(platform: SoakPlatform, pair: Pair, signal: AbortSignal): Promise<void> {
  const { record } = platform;
  let cookie: string | undefined;
  while (!signal.aborted) {
    try {
      cookie ??= await signIn(platform, pair, signal);
      const hasSession = await readStream(platform, cookie, signal);
      if (!hasSession) cookie = undefined;
    } catch (error) {
      if (!signal.aborted) record.failed('stream', String(error));
    }
    await sleep(reconnectMs);
  }
}

async function signIn({ operator, send, record }: SoakPlatform, pair: Pair, signal: AbortSignal): Promise<string> {
  const headers = { origin: operator.url, 'content-type': 'application/x-www-form-urlencoded' };
  const body = String(new URLSearchParams({ method: 'pair', ...pair }));
  const answer = await send('/login', { method: 'POST', headers, body, signal });
  await answer.body.dump();
  if (answer.statusCode !== 303) throw new Error(`sign-in: status ${answer.statusCode}`);
  record.done('sign-in');
  const cookies = [answer.headers['set-cookie'] ?? []].flat();
  return cookies.map((one) => one.split(';')[0]).join('; ');
}

/** Reads a stream until it ends. @returns false if the session has ended */
async function readStream({ send, record }: SoakPlatform, cookie: string, signal: AbortSignal): Promise<boolean> {
  const answer = await send(eventsPath, { headers: { cookie, accept: 'text/event-stream' }, signal });
  if (answer.statusCode !== 200) {
    await answer.body.dump();
    if (answer.statusCode === 401 || answer.statusCode === 303) return false;
    throw new Error(`status ${answer.statusCode}`);
  }
  record.done('stream opened');
  for await (const chunk of answer.body) if (String(chunk).includes('event: change')) record.done('stream event');
  return true;
}
