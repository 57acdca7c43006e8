import type { Logger } from 'pino';
import { createKubernetesClient } from './client.ts';
import { describeError, isStatus } from './errors.ts';
import { decide, heldSpec, type Lease, type Observation, observe, releasedSpec } from './lease-record.ts';
import { resources } from './resource.ts';
import { backoffMs, pause } from './time.ts';
import type { Transport } from './transport.ts';

/** After a conflict when the Lease is released: a process that ends has only a few seconds. */
const conflictBackoff = { baseMs: 50, maxMs: 2_000 };

/** When the successful write of our record was sent (monotonic clock, milliseconds), or the other holder. */
export type HoldOutcome = { sentAt: number } | { holder: string };

export interface LeaseLockOptions {
  transport: Transport;
  /** Namespace of the Lease. */
  namespace: string;
  name: string;
  /** Unique to this process. */
  identity: string;
  log: Logger;
  /** How long other candidates respect our record, milliseconds. */
  leaseDurationMs: number;
  /** Monotonic clock, milliseconds. */
  now: () => number;
}

/** A Lease that this process uses as a lock. */
export interface LeaseLock {
  /** Whether this process may hold the Lease, even if no response confirmed it. */
  mayHold(): boolean;
  /**
   * Tries once to acquire or renew the Lease. If this process was the last known holder, it writes without reading
   * first; if that fails, for example with a conflict, it reads and decides (client-go's tryAcquireOrRenew).
   *
   * @param leading whether this process is the leader now
   * @throws KubernetesError, ConnectionError, the reason of the aborted signal
   */
  tryHold(leading: boolean, signal: AbortSignal): Promise<HoldOutcome>;
  /**
   * Releases the Lease if this process holds it. Retries after a conflict with backoff, since a renewal may have arrived
   * late.
   *
   * @returns whether this process held it
   * @throws KubernetesError, ConnectionError, the reason of the aborted signal
   */
  release(signal: AbortSignal): Promise<boolean>;
}

/**
 * Creates the lock of a Lease. Unknown fields of the Lease are kept. A replace carries the resourceVersion that was
 * read, so one of two concurrent writers gets a conflict.
 */
export function createLeaseLock(options: LeaseLockOptions): LeaseLock {
  const { transport, namespace, name, identity, log, leaseDurationMs, now } = options;
  const client = createKubernetesClient(transport);
  const leases = { ...resources.leases, namespace };
  const reference = { ...leases, name };
  /** As last read or written; undefined if it did not exist. */
  let lease: Lease | undefined;
  let observation: Observation | undefined;
  /** Whether one of our writes may have succeeded, even without a response. */
  let mayHold = false;

  async function accept(response: Promise<Lease>, signal: AbortSignal): Promise<void> {
    const received = await response;
    // The attempt was given up, so its response must not change anything.
    signal.throwIfAborted();
    lease = received;
    observation = observe(observation, lease.spec ?? {}, now());
  }

  async function read(signal: AbortSignal): Promise<void> {
    try {
      await accept(client.get<Lease>(reference, { signal }), signal);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      signal.throwIfAborted();
      lease = undefined;
    }
  }

  async function write(next: object, signal: AbortSignal): Promise<void> {
    const written = lease
      ? client.replace<Lease>(reference, next, { signal })
      : client.create<Lease>(leases, next, { signal });
    await accept(written, signal);
  }

  async function hold(signal: AbortSignal): Promise<HoldOutcome> {
    const spec = heldSpec(lease?.spec, { identity, leaseDurationMs, time: new Date() });
    const created = { apiVersion: leases.apiVersion, kind: 'Lease', metadata: { namespace, name } };
    const sentAt = now();
    mayHold = true;
    await write({ ...(lease ?? created), spec }, signal);
    return { sentAt };
  }

  return {
    mayHold: () => mayHold,

    async tryHold(leading: boolean, signal: AbortSignal): Promise<HoldOutcome> {
      if (lease?.spec?.holderIdentity === identity) {
        try {
          return await hold(signal);
        } catch (error) {
          signal.throwIfAborted();
          log.debug({ reason: describeError(error) }, 'cannot renew the lease without reading it first');
        }
      }
      await read(signal);
      const exists = lease !== undefined;
      const decision = decide({ identity, leading, exists, observation, now: now(), leaseDurationMs });
      return decision === 'wait' ? { holder: observation?.spec.holderIdentity ?? '' } : hold(signal);
    },

    async release(signal: AbortSignal): Promise<boolean> {
      for (let conflicts = 1; ; conflicts += 1) {
        await read(signal);
        mayHold &&= lease?.spec?.holderIdentity === identity;
        if (!lease?.spec || !mayHold) return false;
        try {
          await write({ ...lease, spec: releasedSpec(lease.spec, new Date()) }, signal);
          mayHold = false;
          return true;
        } catch (error) {
          if (!isStatus(error, 409)) throw error;
          await pause(backoffMs(conflicts, conflictBackoff), signal);
        }
      }
    },
  };
}
