import type { Logger } from 'pino';
import { pause } from './abort.ts';
import { describeError } from './errors.ts';
import { createLeaseLock } from './lease-lock.ts';
import { checkTimings, defaultLeaseTimings, jitteredMs, type LeaseTimings } from './lease-record.ts';
import type { Transport } from './transport.ts';

export interface LeaderElectorOptions {
  transport: Transport;
  /** Of the Lease. */
  namespace: string;
  name: string;
  /**
   * Unique to this process, for example the pod's name and a random UUID: a record with it is taken for our own, so
   * two processes of the same identity would both lead.
   */
  identity: string;
  log: Logger;
  /** Default: 15, 10 and 2 seconds. All candidates should have the same. */
  timings?: Partial<LeaseTimings>;
  /**
   * Works as the leader, until the signal aborts because leadership is lost or the elector stops. Resolves when all
   * work has stopped; until then no new campaign starts, and the Lease is not released. When it resolves or rejects
   * earlier, leadership is given up and campaigned for again.
   */
  onStartedLeading: (signal: AbortSignal) => Promise<void>;
  /** Monotonic clock, milliseconds. */
  now?: () => number;
}

/** One candidate for the leadership that a Lease stands for. */
export interface LeaderElector {
  /**
   * Runs until the signal aborts: campaigns, leads, campaigns again. At the end work stops first, under a Lease that is
   * still renewed, then the Lease is released. Never rejects; not to be called twice at once.
   */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Whether this process leads at this moment: false as soon as renewDeadline has passed since the last successful
   * renewal was sent, also when no timer could fire because the process was stopped or blocked. Within one term it never
   * becomes true again. To be asked before each write.
   */
  isLeader(): boolean;
}

/**
 * Leader election on a coordination.k8s.io/v1 Lease, with the protocol of client-go's tools/leaderelection, so that
 * it may share a Lease with it.
 *
 * Another takes over leaseDuration after it saw the last renewal, which is after that was sent; this one has stopped
 * renewDeadline after sending it, which is shorter. So no two lead at once while monotonic clocks run at rates that
 * differ by less than the ratio of the two (they may stand still while a machine is suspended) and nobody else edits
 * the Lease (who does hands leadership over without waiting). For these, and for a write that was on its way when its
 * leader stopped, writes carry preconditions besides.
 *
 * @throws RangeError for timings that contradict each other
 */
export function createLeaderElector(options: LeaderElectorOptions): LeaderElector {
  const { identity, onStartedLeading, now = () => performance.now() } = options;
  const log = options.log.child({ lease: `${options.namespace}/${options.name}`, identity });
  const timings = { ...defaultLeaseTimings, ...options.timings };
  checkTimings(timings);
  const { renewDeadlineMs, retryPeriodMs } = timings;
  /** A request that hangs leaves time for another one (controller-runtime bounds them so). */
  const requestMs = renewDeadlineMs / 2;
  const lock = createLeaseLock({ ...options, ...timings, log, now });
  /** When the last successful renewal of this term was sent; undefined outside a term. */
  let renewedAt: number | undefined;
  let reportedHolder: string | undefined;

  /** How long this term lasts without a further renewal, milliseconds. */
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
        if (!stop.aborted) log.warn({ reason: describeError(error) }, 'cannot campaign, trying again');
      }
      if (isLeader()) return;
      await pause(jitteredMs(retryPeriodMs), stop);
    }
  }

  function reportHolder(holder: string): void {
    if (holder !== reportedHolder) log.info({ holder }, 'not the holder of the lease');
    reportedHolder = holder;
  }

  async function lead(stop: AbortSignal): Promise<void> {
    const term = new AbortController();
    const ended = new AbortController();
    const endTerm = () => term.abort();
    stop.addEventListener('abort', endTerm, { once: true });
    log.info('leading');
    reportedHolder = identity;
    const work = runWork(term.signal).finally(() => ended.abort());
    await renewUntil(ended.signal);
    stop.removeEventListener('abort', endTerm);
    endTerm();
    await work;
    log.info('no longer leading');
  }

  async function runWork(signal: AbortSignal): Promise<void> {
    try {
      await onStartedLeading(signal);
      if (!signal.aborted) log.warn('the work of the leader ended by itself');
    } catch (error) {
      log.error({ reason: describeError(error) }, 'the work of the leader failed');
    }
  }

  /** Resolves when leadership is lost or work has ended; until then, also while work stops, the Lease is renewed. */
  async function renewUntil(ended: AbortSignal): Promise<void> {
    while (isLeader()) {
      await pause(Math.min(retryPeriodMs, remainingMs()), ended);
      if (ended.aborted) return;
      if (isLeader()) await renew(ended);
    }
    log.warn('leadership is lost');
  }

  async function renew(ended: AbortSignal): Promise<void> {
    try {
      const limitMs = Math.min(requestMs, remainingMs());
      const outcome = await within(limitMs, ended, (signal) => lock.tryHold(true, signal));
      // An answer that comes after the deadline does not bring a term back.
      if (!isLeader()) return;
      renewedAt = 'sentAt' in outcome ? outcome.sentAt : undefined;
      if ('holder' in outcome) reportHolder(outcome.holder);
    } catch (error) {
      if (!ended.aborted) log.warn({ reason: describeError(error) }, 'cannot renew the lease, trying again');
    }
  }

  async function release(): Promise<void> {
    if (!lock.mayHold()) return;
    try {
      if (await within(renewDeadlineMs, undefined, (signal) => lock.release(signal))) log.info('lease released');
    } catch (error) {
      log.warn({ reason: describeError(error) }, 'the lease was not released, the next leader waits until it expires');
    }
  }

  return {
    isLeader,
    async run(stop) {
      while (!stop.aborted) {
        await acquire(stop);
        if (isLeader() && !stop.aborted) await lead(stop);
        renewedAt = undefined;
        await release();
        await pause(jitteredMs(retryPeriodMs), stop);
      }
    },
  };
}

/**
 * Makes a call with a time limit. It ends by the limit or the outer signal even when what is called heeds no signal,
 * such as a credential plug-in that hangs.
 */
async function within<T>(
  ms: number,
  outer: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  const given = Promise.withResolvers<never>();
  const giveUp = () => {
    inner.abort();
    given.reject(new Error(`no answer within ${Math.round(ms)} ms`));
  };
  const timer = setTimeout(giveUp, ms);
  outer?.addEventListener('abort', giveUp, { once: true });
  try {
    outer?.throwIfAborted();
    return await Promise.race([call(inner.signal), given.promise]);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', giveUp);
  }
}
