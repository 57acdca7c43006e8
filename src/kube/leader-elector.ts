import type { Logger } from 'pino';
import { describeError } from './errors.ts';
import { createLeaseLock } from './lease-lock.ts';
import { checkTimings, defaultLeaseTimings, jitteredMs, type LeaseTimings } from './lease-record.ts';
import { pause, within } from './time.ts';
import type { Transport } from './transport.ts';

export interface LeaderElectorOptions {
  transport: Transport;
  /** Namespace of the Lease. */
  namespace: string;
  name: string;
  /**
   * Unique to this process, for example the pod's name and a random UUID: two processes with the same identity would
   * both lead.
   */
  identity: string;
  log: Logger;
  /** Default: 15, 10 and 2 seconds. Must be the same for all candidates. */
  timings?: Partial<LeaseTimings>;
  /** Monotonic clock, milliseconds. */
  now?: () => number;
}

/**
 * The work of the leader. The signal aborts when leadership is lost or the elector stops. Must resolve when all work
 * has stopped; until then, no new campaign starts and the Lease is not released. If it resolves or rejects earlier,
 * leadership is released and a new campaign starts.
 */
export type LeaderWork = (signal: AbortSignal) => Promise<void>;

/** A candidate in a leader election. */
export interface LeaderElector {
  /**
   * Campaigns and leads, repeatedly, until the signal aborts. At the end the work stops while the Lease is still
   * renewed, then the Lease is released. Never rejects. Must not be called again while it runs.
   */
  run(signal: AbortSignal, work: LeaderWork): Promise<void>;
  /**
   * Whether this process is the leader at this moment; to be checked before each write. Becomes false as soon as
   * renewDeadline has passed since the last successful renewal was sent, even if no timer could fire because the
   * process was stopped or blocked. Within one term it never becomes true again.
   */
  isLeader(): boolean;
}

/**
 * Leader election on a coordination.k8s.io/v1 Lease. It is compatible with client-go's tools/leaderelection.
 *
 * Another candidate takes over leaseDuration after it saw the last renewal. The leader stops renewDeadline, which is
 * shorter, after it sent that renewal. So there are never two leaders, unless the rates of their monotonic clocks
 * differ by more than the ratio of the two (a clock may stop while a machine is suspended), or a person edits the
 * Lease, which hands leadership over without waiting. For these cases, and for a write that was in flight when its
 * leader stopped, writes also carry preconditions.
 *
 * @throws RangeError for contradictory timings
 */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  const { identity, now = () => performance.now() } = options;
  const log = options.log.child({ lease: `${options.namespace}/${options.name}`, identity });
  const timings = { ...defaultLeaseTimings, ...options.timings };
  checkTimings(timings);
  const { renewDeadlineMs, retryPeriodMs } = timings;
  /** Leaves time for another request when one hangs (as controller-runtime does). */
  const requestMs = renewDeadlineMs / 2;
  const lock = createLeaseLock({ ...options, ...timings, log, now });
  /** When the last successful renewal of this term was sent; undefined outside of a term. */
  let renewedAt: number | undefined;
  let reportedHolder: string | undefined;

  /** How long this term lasts without another renewal, milliseconds. */
  function remainingMs(): number {
    return renewedAt === undefined ? 0 : Math.max(0, renewedAt + renewDeadlineMs - now());
  }

  function isLeader(): boolean {
    return remainingMs() > 0;
  }

  async function acquire(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        const outcome = await within(requestMs, stop, (signal) => lock.tryHold(false, signal));
        if ('sentAt' in outcome) renewedAt = outcome.sentAt;
        else reportHolder(outcome.holder);
      } catch (error) {
        if (!stop.aborted) log.warn({ reason: describeError(error) }, 'cannot acquire the lease, retrying');
      }
      if (isLeader()) return;
      await pause(jitteredMs(retryPeriodMs), stop);
    }
  }

  function reportHolder(holder: string): void {
    if (holder !== reportedHolder) log.info({ holder }, 'another replica holds the lease');
    reportedHolder = holder;
  }

  async function lead(stop: AbortSignal, work: LeaderWork): Promise<void> {
    const term = new AbortController();
    const ended = new AbortController();
    const endTerm = () => term.abort();
    stop.addEventListener('abort', endTerm, { once: true });
    log.info('leading');
    reportedHolder = identity;
    const working = runWork(work, term.signal).finally(() => ended.abort());
    await renewUntil(ended.signal);
    stop.removeEventListener('abort', endTerm);
    endTerm();
    await working;
    log.info('no longer leading');
  }

  async function runWork(work: LeaderWork, signal: AbortSignal): Promise<void> {
    try {
      await work(signal);
      if (!signal.aborted) log.warn('the work of the leader ended unexpectedly');
    } catch (error) {
      log.error({ reason: describeError(error) }, 'the work of the leader failed');
    }
  }

  /** Renews the Lease, also while the work stops, until leadership is lost or the work has ended. */
  async function renewUntil(ended: AbortSignal): Promise<void> {
    while (isLeader()) {
      await pause(Math.min(retryPeriodMs, remainingMs()), ended);
      if (ended.aborted) return;
      if (isLeader()) await renew(ended);
    }
    log.warn('leadership lost');
  }

  async function renew(ended: AbortSignal): Promise<void> {
    try {
      const limitMs = Math.min(requestMs, remainingMs());
      const outcome = await within(limitMs, ended, (signal) => lock.tryHold(true, signal));
      // A response after the deadline does not restore the term.
      if (!isLeader()) return;
      renewedAt = 'sentAt' in outcome ? outcome.sentAt : undefined;
      if ('holder' in outcome) reportHolder(outcome.holder);
    } catch (error) {
      if (!ended.aborted) log.warn({ reason: describeError(error) }, 'cannot renew the lease, retrying');
    }
  }

  async function release(): Promise<void> {
    if (!lock.mayHold()) return;
    try {
      if (await within(renewDeadlineMs, undefined, (signal) => lock.release(signal))) log.info('lease released');
    } catch (error) {
      log.warn(
        { reason: describeError(error) },
        'cannot release the lease, the next leader has to wait until it expires',
      );
    }
  }

  return {
    isLeader,
    async run(stop, work) {
      while (!stop.aborted) {
        await acquire(stop);
        if (isLeader() && !stop.aborted) await lead(stop, work);
        renewedAt = undefined;
        await release();
        await pause(jitteredMs(retryPeriodMs), stop);
      }
    },
  };
}
