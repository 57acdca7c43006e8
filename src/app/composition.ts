import type { Logger } from 'pino';
import { createLastUsed } from '../accesskey/live/last-used.ts';
import type { AccessKeyCaches } from '../accesskey/model/caches.ts';
import { type Configuration, instanceName } from '../config/load.ts';
import type { ServingCertificate } from '../http/server/tls-certificate.ts';
import { createKubernetesClient } from '../kube/client.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import { createTransport } from '../kube/transport.ts';
import { measuredTransport } from '../kube/transport-wrappers.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { createKeyService } from '../token/keys/service.ts';
import { createApi } from './api.ts';
import { createCaches } from './caches.ts';
import { createLeadership } from './leadership.ts';
import { createServedClusters } from './served-clusters.ts';

export interface PartsOptions {
  configuration: Configuration;
  /** File; without it, the one of the pod. */
  kubeconfig: string | undefined;
  program: { name: string; version: string };
  /** What HTTPS is served with; without it, plain HTTP. */
  certificate: ServingCertificate | undefined;
  log: Logger;
}

/** All parts of a process. */
export type Parts = ReturnType<typeof createParts>;

/**
 * Makes all parts and connects them: the heart of the composition root. Nothing runs yet.
 *
 * @throws KubeconfigError
 */
export function createParts({ configuration, kubeconfig, program, certificate, log }: PartsOptions) {
  /** What is still missing to be ready. */
  const unready = new Set(['caches', 'signing keys']);
  const shared = { log, now: Date.now };
  const metrics = createMetrics({
    accessKeys: () => countedAccessKeys(caches),
    isReady: () => unready.size === 0,
    leaderElection: { name: configuration.leaderElection.leaseName, isLeader: () => leadership.isLeader() },
    ...(certificate && { certificateExpiry: certificate.expiry }),
    caches: () => served.measured.caches(),
    signingKeys: { facts: () => signingKeys.cache.facts(), isBroken: () => signingKeys.cache.isBroken() },
    clusters: { reports: () => served.measured.reports(), up: () => served.measured.up() },
  });
  const userAgent = `${program.name}/${program.version}`;
  const transport = measuredTransport(
    createTransport(() => loadKubeconfig(kubeconfig), userAgent),
    metrics.transport,
  );
  const client = createKubernetesClient(transport);
  const { namespace, token } = configuration;
  const signingKeys = createKeyService({
    ...{ ...shared, transport, client },
    secret: { namespace, name: token.signingKeys.secretName },
    policy: { ...token.signingKeys, maxCycle: token.maxCycle },
  });
  const filled = createCaches(transport, log, configuration);
  const { caches, reflectors } = filled;
  const lastUsed = createLastUsed({ ...shared, client, caches });
  const instance = instanceName();
  const reconciling = { caches, metrics: metrics.workQueue('accesskey') };
  const { startRotation } = signingKeys;
  const leadership = createLeadership({ ...shared, ...reconciling, transport, configuration, instance, startRotation });
  const source = { configuration, userAgent, transport, client };
  const served = createServedClusters({
    ...{ ...source, filled, instance, metrics, log },
    isLeader: () => leadership.isLeader(),
  });
  const api = createApi({
    ...{ ...source, ...shared, kubeconfig, caches, served, lastUsed, metrics },
    signingKeys: () => (unready.has('caches') ? undefined : signingKeys.cache.current()),
  });
  const { reflectors: watches, registered } = served;
  const running = { watches, registered, lastUsed, leadership, signingKeys, certificate };
  return { unready, metrics, transport, reflectors, ...running, ...api };
}

function* countedAccessKeys({ accessKeys }: AccessKeyCaches) {
  for (const { status } of accessKeys.values()) {
    const ready = status.conditions?.find((one) => one.type === 'Ready')?.status ?? 'Unknown';
    yield { ready, pairs: (status.keyPairs ?? []).map((pair) => pair.state) };
  }
}
