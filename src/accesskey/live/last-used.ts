import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KubernetesClient } from '../../kube/client.ts';
import { describeError } from '../../kube/errors.ts';
import { isAhead, pause, untilAborted } from '../../kube/time.ts';
import type { AccessKeyCaches } from '../model/caches.ts';
import { StaleCacheError } from '../reconcile/secret-errors.ts';
import { writeStatus } from '../reconcile/status-writer.ts';
import { summaryOf } from '../reconcile/summary.ts';
import { resolutionMs, type TimedUse, type Use, withUses } from './use.ts';

/** Maximum duration of the last flush, milliseconds. */
const lastFlushMs = 3_000;
/** Maximum number of concurrent writes. */
const concurrency = 4;

export interface LastUsed {
  /** Records a use now, in memory. */
  touch(use: Use): void;
  /** Writes the recorded uses; those that cannot be written are kept for the next flush. */
  flush(): Promise<void>;
  /** Flushes every minute until the signal aborts, then once more for at most three seconds. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface LastUsedOptions {
  client: KubernetesClient;
  caches: Pick<AccessKeyCaches, 'accessKeys'>;
  /** Whether to record the address of the client. */
  withAddress: boolean;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Records the last use of key pairs and ServiceAccounts in the status, in every replica. A replica skips a time that
 * another one wrote within the last minute, and each write has the cached resourceVersion as precondition. So no replica
 * overwrites the write of another, and the time goes back only if a clock was ahead.
 */
export function createLastUsed({ client, caches, withAddress, log, now }: LastUsedOptions): LastUsed {
  /** The last use by uid of the AccessKey, then by client ID. */
  let uses = new Map<string, Map<string, TimedUse>>();

  function record(use: TimedUse): void {
    const clients = uses.get(use.id) ?? new Map<string, TimedUse>();
    const known = clients.get(use.clientId);
    if (!known || known.at < use.at || isAhead(known.at, now())) clients.set(use.clientId, use);
    uses.set(use.id, clients);
  }

  async function write(uid: string, clients: ReadonlyMap<string, TimedUse>): Promise<void> {
    const [accessKey] = caches.accessKeys.byIndex('uid', uid);
    const changed = accessKey && withUses(accessKey, [...clients.values()], now());
    if (!changed) return;
    try {
      await writeStatus(client, accessKey, { ...accessKey.status, summary: summaryOf(changed, now()), ...changed });
    } catch (error) {
      for (const use of clients.values()) record(use);
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
    touch: ({ address, ...use }) => record({ ...use, address: withAddress ? address : undefined, at: now() }),
    flush,
    async run(signal) {
      let flushing = Promise.resolve();
      while (!signal.aborted) {
        await pause(resolutionMs * (0.9 + 0.2 * Math.random()), signal);
        flushing = flush();
        await untilAborted(flushing, signal);
      }
      // Flush again, because uses may have been recorded meanwhile.
      await Promise.race([flushing.then(flush), sleep(lastFlushMs, undefined, { ref: false })]);
    },
  };
}
