import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type ControllerOptions, startController } from '../accesskey/reconcile/controller.ts';
import { startOrphanRemoval } from '../accesskey/reconcile/orphans.ts';
import type { Configuration } from '../config/load.ts';
import { createKubernetesClient, type KubernetesClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import { createLeaderElector, type LeaderElector } from '../kube/leader-elector.ts';
import { aborted } from '../kube/time.ts';
import type { Transport } from '../kube/transport.ts';
import { fencedTransport } from '../kube/transport-wrappers.ts';

/** The work of the replica that is the leader. */
export interface Leadership {
  /** Runs until the signal aborts; then reconciliation has stopped and the Lease is released. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Whether this process is the leader. */
  isLeader(): boolean;
}

export interface LeadershipOptions extends Omit<ControllerOptions, 'client' | 'recorder' | 'warningDays'> {
  transport: Transport;
  configuration: Pick<Configuration, 'namespace' | 'leaderElection' | 'warnings'>;
  /** Name of this process among the replicas. */
  instance: string;
  /** Starts the rotation of the signing keys. @returns stops it */
  startRotation: (client: KubernetesClient) => () => Promise<void>;
  log: Logger;
}

/**
 * Composes leader election with the controller and the rotation of the signing keys. Their transport sends no write
 * after leadership is over, so a leader that was paused cannot write after another one took over.
 *
 * Without leader election, this process always reconciles.
 */
export function createLeadership(options: LeadershipOptions): Leadership {
  const { configuration, transport, instance, startRotation, log } = options;
  const elector = createElector(options);
  const client = createKubernetesClient(fencedTransport(transport, elector.isLeader));
  const recorder = createEventRecorder(client, instance, log);

  async function reconcile(signal: AbortSignal): Promise<void> {
    const stops = [
      startController({ ...options, client, recorder, warningDays: configuration.warnings.expiryDays }),
      startOrphanRemoval({ ...options, client, recorder }),
      startRotation(client),
    ];
    log.info('reconciling');
    await aborted(signal);
    await Promise.all(stops.map((stop) => stop()));
  }

  return { run: (signal) => elector.run(signal, reconcile), isLeader: elector.isLeader };
}

function createElector({ transport, configuration, instance, log }: LeadershipOptions): LeaderElector {
  const { namespace, leaderElection } = configuration;
  if (!leaderElection.enabled) return { run: (signal, work) => work(signal), isLeader: () => true };
  return createLeaderElector({
    transport,
    namespace,
    name: leaderElection.leaseName,
    // Processes with the same host name must have different identities.
    identity: `${instance}_${randomUUID()}`,
    log,
    timings: {
      leaseDurationMs: leaderElection.leaseDurationSeconds * 1000,
      renewDeadlineMs: leaderElection.renewDeadlineSeconds * 1000,
      retryPeriodMs: leaderElection.retryPeriodSeconds * 1000,
    },
  });
}
