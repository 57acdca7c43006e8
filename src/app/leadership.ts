import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type ControllerOptions, startController } from '../accesskey/reconcile/controller.ts';
import type { Configuration } from '../config/load.ts';
import { createKubernetesClient, type KubernetesClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import { createLeaderElector } from '../kube/leader-elector.ts';
import { aborted } from '../kube/time.ts';
import type { Transport } from '../kube/transport.ts';
import { fencedTransport } from '../kube/transport-wrappers.ts';

/** Reconciling by the one replica that leads. */
export interface Leadership {
  /** Runs until the signal aborts; then reconciling has stopped and the Lease is released. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Whether this process reconciles now, or would be allowed to. */
  isLeader(): boolean;
}

export interface LeadershipOptions extends Omit<ControllerOptions, 'client' | 'recorder'> {
  transport: Transport;
  configuration: Pick<Configuration, 'namespace' | 'leaderElection'>;
  /** Name of this process among the replicas. */
  instance: string;
  /** Starts another duty of the leader, with its client; gives what ends it. */
  startRotation: (client: KubernetesClient) => () => Promise<void>;
  log: Logger;
}

/**
 * Puts the controller, and the rotation of the signing keys, under a Lease: part of the composition root. What it writes goes through a transport that sends no
 * write once leadership is over, so that a leader that was paused cannot write after another took over.
 *
 * With leader election switched off, this process always reconciles.
 */
export function createLeadership(leadershipOptions: LeadershipOptions): Leadership {
  const { transport, configuration, instance, startRotation, ...options } = leadershipOptions;
  const { namespace, leaderElection } = configuration;
  const { log } = options;
  const fenced = fencedTransport(transport, () => leadership.isLeader());
  const client = createKubernetesClient(fenced);
  const recorder = createEventRecorder(client, instance, log);

  async function reconcile(signal: AbortSignal): Promise<void> {
    const ends = [startController({ ...options, client, recorder }), startRotation(client)];
    log.info('reconciling');
    await aborted(signal);
    await Promise.all(ends.map((end) => end()));
  }

  const leadership: Leadership = leaderElection.enabled
    ? createLeaderElector({
        transport,
        namespace,
        name: leaderElection.leaseName,
        // Two processes in one pod, or of one host name, are still two.
        identity: `${instance}_${randomUUID()}`,
        log,
        timings: {
          leaseDurationMs: leaderElection.leaseDurationSeconds * 1000,
          renewDeadlineMs: leaderElection.renewDeadlineSeconds * 1000,
          retryPeriodMs: leaderElection.retryPeriodSeconds * 1000,
        },
        onStartedLeading: reconcile,
      })
    : { run: reconcile, isLeader: () => true };
  return leadership;
}
