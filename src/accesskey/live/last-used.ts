import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError } from '../../kube/errors.ts';
import { aborted, pause } from '../../kube/time.ts';
import { type AccessKeyRecord, pairStatusOf } from '../model/access-key-record.ts';
import type { AccessKeyCaches } from '../model/caches.ts';
import { formatTime, parseTime } from '../model/time.ts';
import { StaleCacheError } from '../reconcile/secret-errors.ts';
import { writeStatus } from '../reconcile/status-writer.ts';
import { summaryOf } from '../reconcile/summary.ts';

/** Minimum time between two writes for one pair, milliseconds. */
const resolutionMs = 60_000;
/** Maximum duration of the last flush, milliseconds. */
const lastFlushMs = 3_000;
/** Maximum number of concurrent writes. */
const concurrency = 4;

export interface LastUsed {
  /**
   * Records in memory that a pair, or a token issued for it, was used now.
   *
   * @param uid of the AccessKey
   */
  touch(uid: string, pairName: string): void;
  /** Writes the recorded uses; those that cannot be written are kept for the next flush. */
  flush(): Promise<void>;
  /** Flushes every minute until the signal aborts, then once more for at most three seconds. Never rejects. */
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
 * Updates `status.keyPairs[].lastUsedTime`. Every replica does: it skips a time that another replica wrote within the last
 * minute, and each write has the cached resourceVersion as precondition. So the time never goes back, and no replica
 * overwrites the write of another.
 */
export function createLastUsed({ client, caches, log, now }: LastUsedOptions): LastUsed {
  /** By uid of the AccessKey, then by name of the pair: milliseconds since the epoch. */
  let uses = new Map<string, Map<string, number>>();

  function record(uid: string, pairName: string, at: number): void {
    const pairs = uses.get(uid) ?? new Map<string, number>();
    pairs.set(pairName, Math.max(at, pairs.get(pairName) ?? 0));
    uses.set(uid, pairs);
  }

  async function write(uid: string, pairs: Map<string, number>): Promise<void> {
    const [accessKey] = caches.accessKeys.byIndex('uid', uid);
    const keyPairs = accessKey && withUses(accessKey, pairs);
    if (!keyPairs) return;
    try {
      await writeStatus(client, accessKey, { ...accessKey.status, summary: summaryOf(keyPairs), keyPairs });
    } catch (error) {
      for (const [pairName, at] of pairs) record(uid, pairName, at);
      if (!(error instanceof StaleCacheError))
        log.warn({ accessKey: accessKey.key, reason: describeError(error) }, 'cannot write last use');
    }
  }

  async function flush(): Promise<void> {
    const entries = [...uses];
    uses = new Map();
    const worker = async () => {
      for (let entry = entries.pop(); entry; entry = entries.pop()) await write(...entry);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }

  return {
    touch: (uid, pairName) => record(uid, pairName, now()),
    flush,
    async run(signal) {
      const ended = aborted(signal);
      let flushing = Promise.resolve();
      while (!signal.aborted) {
        await pause(resolutionMs * (0.9 + 0.2 * Math.random()), signal);
        flushing = flush();
        await Promise.race([flushing, ended]);
      }
      // Flush again, because uses may have been recorded meanwhile.
      await Promise.race([flushing.then(flush), sleep(lastFlushMs, undefined, { ref: false })]);
    },
  };
}

/**
 * Adds times of use to the pairs of a status.
 *
 * @returns undefined if there is nothing to write: each time is within a minute of the known one, or its pair is gone
 */
export function withUses(
  accessKey: Pick<AccessKeyRecord, 'status'>,
  uses: ReadonlyMap<string, number>,
): AccessKeyRecord['status']['keyPairs'] | undefined {
  const isNew = ([pairName, at]: [string, number]) => {
    const known = pairStatusOf(accessKey, pairName);
    return known !== undefined && at - (parseTime(known.lastUsedTime) ?? Number.NEGATIVE_INFINITY) >= resolutionMs;
  };
  const newer = new Map([...uses].filter(isNew));
  if (newer.size === 0) return undefined;
  return accessKey.status.keyPairs?.map((pair) => {
    const at = newer.get(pair.name);
    return at === undefined ? pair : { ...pair, lastUsedTime: formatTime(at) };
  });
}
