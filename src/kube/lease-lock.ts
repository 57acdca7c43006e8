import type { Logger } from 'pino';
import { createKubernetesClient } from './client.ts';
import { describeError, isStatus } from './errors.ts';
import { decide, heldSpec, type Lease, type Observation, observe, releasedSpec } from './lease-record.ts';
import { resources } from './resource.ts';
import type { Transport } from './transport.ts';

/** That our record was written, by a request sent at this monotonic time; or who holds the Lease instead. */
export type HoldOutcome = { sentAt: number } | { holder: string };

export interface LeaseLockOptions {
  transport: Transport;
  /** Of the Lease. */
  namespace: string;
  name: string;
  /** Unique to this process. */
  identity: string;
  log: Logger;
  /** What the record promises to others, milliseconds. */
  leaseDurationMs: number;
  /** Monotonic clock, milliseconds. */
  now: () => number;
}

/** A Lease as a lock of this process. */
export interface LeaseLock {
  /** Whether the Lease may be ours, though no answer said so. */
  mayHold(): boolean;
  /**
   * Tries once to become or stay the holder. Who was it the last time assumes that nothing changed and writes without
   * reading; if that fails, for example by a conflict, it reads and decides (client-go's tryAcquireOrRenew).
   *
   * @param leading whether this process leads now
   * @throws KubernetesError, ConnectionError when it cannot be read or written; what the signal was aborted with
   */
  tryHold(leading: boolean, signal: AbortSignal): Promise<HoldOutcome>;
  /**
   * Gives the Lease back if it is ours. A renewal may have arrived late, so a conflict is tried again.
   *
   * @returns whether it was ours
   * @throws KubernetesError, ConnectionError, what the signal was aborted with
   */
  release(signal: AbortSignal): Promise<boolean>;
}

/**
 * Makes the lock of a Lease: one attempt to hold it, and its release.
 *
 * It is read and written as JSON, since client-node's models drop the fields that they do not know. A PUT carries the
 * resourceVersion that was read, so of two writers one has a conflict.
 */
export function createLeaseLock(options: LeaseLockOptions): LeaseLock {
  const { transport, namespace, name, identity, log, leaseDurationMs, now } = options;
  const client = createKubernetesClient(transport);
  const leases = { ...resources.leases, namespace };
  const reference = { ...leases, name };
  /** As it was last read or written; undefined when there was none. */
  let lease: Lease | undefined;
  let observation: Observation | undefined;
  /** Whether a write of ours may have made us the holder, though no answer came. */
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
    const spec = heldSpec(lease?.spec, identity, leaseDurationMs, new Date());
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
          log.debug({ reason: describeError(error) }, 'the lease could not be renewed as last seen, reading it');
        }
      }
      await read(signal);
      const exists = lease !== undefined;
      const decision = decide({ identity, leading, exists, observation, now: now(), leaseDurationMs });
      return decision === 'wait' ? { holder: observation?.spec.holderIdentity ?? '' } : hold(signal);
    },

    async release(signal: AbortSignal): Promise<boolean> {
      for (;;) {
        await read(signal);
        mayHold &&= lease?.spec?.holderIdentity === identity;
        if (!lease?.spec || !mayHold) return false;
        try {
          await write({ ...lease, spec: releasedSpec(lease.spec, new Date()) }, signal);
          mayHold = false;
          return true;
        } catch (error) {
          if (!isStatus(error, 409)) throw error;
        }
      }
    },
  };
}
