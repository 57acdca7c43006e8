import { Counter, Gauge, Registry } from 'prom-client';
import { type FailureReason, failureReasons } from './failure.ts';

/** Metrics of one agent. None has the name of a user, an ak or an address as label. */
export interface AgentMetrics {
  readonly registry: Registry;
  /** Counts a token that was written. */
  refreshed(): void;
  failed(reason: FailureReason): void;
  notificationFailed(): void;
  /** @param expiresAt called at each scrape; milliseconds since the epoch, undefined without a token */
  observeExpiry(expiresAt: () => number | undefined): void;
}

export function createAgentMetrics(): AgentMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `accesskey_agent_${name}`, help, labelNames, registers });
  const refreshes = counter('refreshes_total', 'Tokens that were written to the file.');
  const failures = counter('refresh_failures_total', 'Failed attempts to get or write a token.', ['reason']);
  const notificationFailures = counter('notification_failures_total', 'Commands and signals that failed.');
  // A counter that appears only with its first failure has no rate for it.
  for (const reason of failureReasons) failures.inc({ reason }, 0);
  return {
    registry,
    refreshed: () => refreshes.inc(),
    failed: (reason) => failures.inc({ reason }),
    notificationFailed: () => notificationFailures.inc(),
    observeExpiry(expiresAt) {
      new Gauge({
        name: 'accesskey_agent_token_expiry_timestamp_seconds',
        help: 'When the token in the file expires, seconds since the epoch; 0 without a token.',
        registers,
        collect() {
          this.set(Math.floor((expiresAt() ?? 0) / 1000));
        },
      });
    },
  };
}
