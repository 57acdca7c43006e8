import type { Logger } from 'pino';
import { describeError } from '../../kube/errors.ts';
import { pause } from '../../kube/time.ts';
import { removeTemporaryFiles } from '../files/replace-file.ts';
import { type ClockSources, createSteadyClock, type SteadyClock } from './clock.ts';
import { type FoundCredential, findCredential } from './credential-files.ts';
import { RefreshFailure } from './failure.ts';
import type { AgentMetrics } from './metrics.ts';
import { type NotificationEffects, notify } from './notification.ts';
import type { AgentOptions } from './options.ts';
import { createReadyFile } from './ready-file.ts';
import { type RefreshDependencies, refresh } from './refresh.ts';
import { type AgentState, afterFailure, afterSuccess, initialState, isDue, isReady } from './schedule.ts';
import { readStoredValidity } from './stored-token.ts';

export interface AgentDependencies
  extends Omit<RefreshDependencies, 'options' | 'now'>,
    Omit<NotificationEffects, 'signal'>,
    ClockSources {
  readonly options: AgentOptions;
  readonly metrics: AgentMetrics;
  readonly log: Logger;
  /** From 0 to 1, exclusive. */
  readonly random: () => number;
  /** Milliseconds between two reads of the credential. */
  readonly checkIntervalMs?: number;
}

/** What happened after a new token was written. */
export interface Refreshed {
  /** Whether the command and the signal succeeded. */
  readonly notified: boolean;
}

/** Keeps a token in a file. */
export interface Agent {
  /**
   * Refreshes the token until the signal aborts.
   *
   * @throws Error if the directory of the token file cannot be read, or the readiness file cannot be written
   */
  run(signal: AbortSignal): Promise<void>;
  /** Writes one token, and retries until the signal aborts. @returns undefined if no token was written */
  runOnce(signal: AbortSignal): Promise<Refreshed | undefined>;
  /** Checks whether the file contains a token that has not expired. */
  isReady(): boolean;
}

/**
 * Creates an agent. It reads the credential periodically instead of watching it: a mounted Secret is updated by swapping a
 * symlink of a parent directory, and some file systems report no changes.
 */
export function createAgent(dependencies: AgentDependencies): Agent {
  const { options, log, metrics, random, checkIntervalMs = 1_000 } = dependencies;
  const clock = createSteadyClock(dependencies);
  const { now } = clock;
  const readyFile = createReadyFile(options.readyFile);
  let state = initialState();

  /** @returns undefined if no token was written */
  async function check(signal: AbortSignal): Promise<Refreshed | undefined> {
    const found = await findCredential(options.source);
    const written = isDue(state, found.fingerprint, now()) && (await attempt(found, signal));
    const refreshed = written ? { notified: await notifyAll(signal) } : undefined;
    await readyFile.set(!signal.aborted && isReady(state, now()));
    return refreshed;
  }

  /** @returns whether a new token was written */
  async function attempt(found: FoundCredential, signal: AbortSignal): Promise<boolean> {
    try {
      const validity = await refresh(found, { ...dependencies, now }, signal);
      state = afterSuccess(validity, { fingerprint: found.fingerprint, now: now(), random: random() });
    } catch (error) {
      if (!signal.aborted) fail(error, found.fingerprint);
      return false;
    }
    metrics.refreshed();
    log.info(times(state, clock), 'token written');
    return true;
  }

  function fail(error: unknown, fingerprint: string): void {
    if (!(error instanceof RefreshFailure)) throw error;
    state = afterFailure(state, error.retryAfterMs, { fingerprint, now: now(), random: random() });
    metrics.failed(error.reason);
    const fields = { reason: error.message, failures: state.failures, ...times(state, clock) };
    if (isReady(state, now())) log.warn(fields, 'cannot refresh the token, keeping the current one');
    else log.error(fields, 'cannot get a token, and the file contains no valid one');
  }

  /** Runs all notifications. @returns whether all succeeded */
  async function notifyAll(signal: AbortSignal): Promise<boolean> {
    let notified = true;
    for (const notification of options.notifications) {
      const { kind } = notification;
      try {
        await notify(notification, { ...dependencies, signal });
        log.info({ notification: kind }, 'notified');
      } catch (error) {
        notified = false;
        metrics.notificationFailed();
        log.error({ notification: kind, reason: describeError(error) }, 'notification failed');
      }
    }
    return notified;
  }

  async function start(): Promise<void> {
    await readyFile.set(false);
    await removeTemporaryFiles(options.tokenFile);
    state = initialState(await readStoredValidity(options.tokenFile, now()));
    metrics.observeExpiry(() => state.validity && clock.toWallTime(state.validity.expiresAt));
  }

  return {
    isReady: () => isReady(state, now()),
    async run(signal) {
      await start();
      while (!signal.aborted) {
        await check(signal);
        await pause(checkIntervalMs, signal);
      }
      await readyFile.set(false);
    },
    async runOnce(signal) {
      await start();
      while (!signal.aborted) {
        const refreshed = await check(signal);
        if (refreshed) return refreshed;
        await pause(checkIntervalMs, signal);
      }
      return undefined;
    },
  };
}

function times(
  { validity, dueAt }: AgentState,
  { toWallTime }: SteadyClock,
): { expiresAt?: string; nextAttemptAt: string } {
  const format = (time: number) => new Date(toWallTime(time)).toISOString();
  const nextAttemptAt = format(dueAt);
  return validity ? { expiresAt: format(validity.expiresAt), nextAttemptAt } : { nextAttemptAt };
}
