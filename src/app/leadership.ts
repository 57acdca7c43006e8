import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type ControllerOptions, startController } from '../accesskey/reconcile/controller.ts';
import { startOrphanRemoval } from '../accesskey/reconcile/orphans.ts';
import type { Configuration } from '../config/load.ts';
import { createKubernetesClient, type KubernetesClient } from '../kube/client.ts';
import { endingClient } from '../kube/ending-client.ts';
import { NotLeaderError } from '../kube/errors.ts';
import { createEventRecorder } from '../kube/events.ts';
import { createLeaderElector, type LeaderElector } from '../kube/leader-elector.ts';
import { aborted, pause } from '../kube/time.ts';
import type { Transport } from '../kube/transport.ts';
import { fencedTransport } from '../kube/transport-wrappers.ts';

/**
 * How long requests in flight may take after the term of the leader has ended, milliseconds. Until they are done, the Lease
 * is not released, and a webhook may take 30 seconds for each of them.
 */
const graceMs = 5_000;

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
 * after leadership is over, so a leader that was paused cannot write after another one took over. What is still in flight
 * five seconds after the term has ended is aborted; each write has a precondition, so the next leader can take over.
 *
 * Without leader election, this process always reconciles.
 */
export function createLeadership(options: LeadershipOptions): Leadership {
  const { configuration, transport, instance, startRotation, log } = options;
  const elector = createElector(options);
  const client = createKubernetesClient(fencedTransport(transport, elector.isLeader));
  const recorder = createEventRecorder(client, instance, log);

  async function reconcile(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const ofTerm = endingClient(client, ended.signal);
    const stops = [
      startController({ ...options, client: ofTerm, recorder, warningDays: configuration.warnings.expiryDays }),
      startOrphanRemoval({ ...options, client: ofTerm, recorder }),
      startRotation(ofTerm),
    ];
    log.info('reconciling');
    await aborted(signal);
    const stopped = new AbortController();
    const limit = pause(graceMs, stopped.signal).then(() => {
      if (stopped.signal.aborted) return;
      log.warn(`requests took longer than ${graceMs / 1000} seconds after the end of leadership, aborting them`);
      ended.abort(new NotLeaderError('aborted: this process is no longer the leader'));
    });
    await Promise.all(stops.map((stop) => stop()));
    stopped.abort();
    await limit;
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
