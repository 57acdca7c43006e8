import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { aborted, pause } from '../../kube/abort.ts';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError } from '../../kube/errors.ts';
import { type AccessKeyRecord, pairStatusOf } from '../model/access-key-record.ts';
import type { AccessKeyCaches } from '../model/caches.ts';
import { rfc3339 } from '../model/duration.ts';
import { timeOf } from '../model/pair-facts.ts';
import { StaleCacheError } from '../reconcile/secret-api.ts';
import { writeStatus } from '../reconcile/status-writer.ts';

/** Time between two writes of one pair, milliseconds. */
const resolutionMs = 60_000;
/** How long the last flush may take, milliseconds. */
const lastFlushMs = 3_000;
/** Writes under way at the same time. */
const concurrency = 4;

export interface LastUsed {
  /**
   * Notes that a pair, or a token given for it, was used now. Costs nothing but memory.
   *
   * @param uid of the AccessKey
   */
  touch(uid: string, pairName: string): void;
  /** Writes what was noted; what cannot be written yet is kept for the next time. */
  flush(): Promise<void>;
  /** Flushes every minute until the signal aborts, and then once more, for three seconds at the longest. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface LastUsedOptions {
  client: KubernetesClient;
  caches: Pick<AccessKeyCaches, 'accessKeys'>;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Keeps `status.keyPairs[].lastUsedTime`, written by every replica: what another has written within a minute is left, and
 * each write carries the resourceVersion that it was decided on, so the time never goes back and no replica undoes what
 * another wrote.
 */
export function createLastUsed({ client, caches, log, now }: LastUsedOptions): LastUsed {
  /** By uid of the AccessKey, then by pair: milliseconds since the epoch. */
  let noted = new Map<string, Map<string, number>>();

  function note(uid: string, pairName: string, at: number): void {
    const pairs = noted.get(uid) ?? new Map<string, number>();
    pairs.set(pairName, Math.max(at, pairs.get(pairName) ?? 0));
    noted.set(uid, pairs);
  }

  async function write(uid: string, uses: Map<string, number>): Promise<void> {
    const [accessKey] = caches.accessKeys.byIndex('uid', uid);
    const keyPairs = accessKey && withUses(accessKey, uses);
    if (!keyPairs) return;
    try {
      await writeStatus(client, accessKey, { ...accessKey.status, keyPairs });
    } catch (error) {
      for (const [pairName, at] of uses) note(uid, pairName, at);
      if (!(error instanceof StaleCacheError))
        log.warn({ accessKey: accessKey.key, reason: describeError(error) }, 'last use not written');
    }
  }

  async function flush(): Promise<void> {
    const entries = [...noted];
    noted = new Map();
    const worker = async () => {
      for (let entry = entries.pop(); entry; entry = entries.pop()) await write(...entry);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }

  return {
    touch: (uid, pairName) => note(uid, pairName, now()),
    flush,
    async run(signal) {
      const ended = aborted(signal);
      let underWay = Promise.resolve();
      while (!signal.aborted) {
        await pause(resolutionMs * (0.9 + 0.2 * Math.random()), signal);
        underWay = flush();
        await Promise.race([underWay, ended]);
      }
      // Uses may have been noted while that flush was under way. At the end nobody waits for long.
      await Promise.race([underWay.then(flush), sleep(lastFlushMs, undefined, { ref: false })]);
    },
  };
}

/**
 * The pairs of a status with later times of use.
 *
 * @returns undefined when there is nothing to write: each time is known to within a minute, or its pair is gone
 */
export function withUses(
  accessKey: Pick<AccessKeyRecord, 'status'>,
  uses: ReadonlyMap<string, number>,
): AccessKeyRecord['status']['keyPairs'] | undefined {
  const isNews = ([pairName, at]: [string, number]) => {
    const known = pairStatusOf(accessKey, pairName);
    return known !== undefined && at - (timeOf(known.lastUsedTime) ?? Number.NEGATIVE_INFINITY) >= resolutionMs;
  };
  const news = new Map([...uses].filter(isNews));
  if (news.size === 0) return undefined;
  return accessKey.status.keyPairs?.map((pair) => {
    const at = news.get(pair.name);
    return at === undefined ? pair : { ...pair, lastUsedTime: rfc3339(at) };
  });
}
