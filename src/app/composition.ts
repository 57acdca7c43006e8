import type { Logger } from 'pino';
import { guardrailsConfigMap } from '../accesskey/guardrails/guardrails.ts';
import { createWatchedGuardrails } from '../accesskey/guardrails/watched-guardrails.ts';
import { createLastUsed } from '../accesskey/live/last-used.ts';
import { acceptedBy, createPairLookup } from '../accesskey/live/pair-lookup.ts';
import { type Configuration, instanceName } from '../config/load.ts';
import type { ServingCertificate } from '../http/server/tls-certificate.ts';
import { createKubernetesClient } from '../kube/client.ts';
import type { PluginHost } from '../kube/exec-plugin-process.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import { createTransport } from '../kube/transport.ts';
import { measuredTransport, observedTransport } from '../kube/transport-wrappers.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { secondsPerDay } from '../token/claims.ts';
import { createSecretTokens } from '../token/issue-for-secrets.ts';
import { createKeyService } from '../token/keys/service.ts';
import { signToken } from '../token/sign.ts';
import { createApi } from './api.ts';
import { createLeadership } from './leadership.ts';
import { createLocalCaches } from './local-caches.ts';
import { accessKeySamples, livePairs } from './metric-samples.ts';
import { createReadiness } from './readiness.ts';
import { createServedClusters } from './served-clusters.ts';

export interface CompositionOptions {
  configuration: Configuration;
  /** If unset, the in-cluster configuration is used. */
  kubeconfig: string | undefined;
  /** Runs the credential plug-in of the kubeconfig. */
  pluginHost: PluginHost;
  program: { name: string; version: string };
  /** If unset, plain HTTP is served. */
  certificate: ServingCertificate | undefined;
  log: Logger;
}

/** Everything that `runOperator` starts and stops. */
export type OperatorComponents = ReturnType<typeof composeOperator>;

/**
 * Composes the whole operator from its components; nothing runs yet.
 *
 * @throws KubeconfigError
 */
export function composeOperator(options: CompositionOptions) {
  const { configuration, kubeconfig, pluginHost, program, certificate, log } = options;
  const { namespace, clusterName, token } = configuration;
  const now = Date.now;
  const userAgent = `${program.name}/${program.version}`;
  const instance = instanceName();
  const readiness = createReadiness();
  const metrics = createMetrics();
  const transport = observedTransport(
    measuredTransport(
      createTransport(() => loadKubeconfig(kubeconfig, pluginHost), userAgent),
      metrics.transport,
    ),
  );
  const client = createKubernetesClient(transport);
  const localCaches = createLocalCaches({ configuration, transport, log });
  const { caches } = localCaches;
  const signingKeys = createKeyService({
    transport,
    client,
    secret: { namespace, name: token.signingKeys.secretName },
    policy: { ...token.signingKeys, maxCycleDays: token.maxCycle },
    log,
    now,
  });
  const lastUsed = createLastUsed({ client, caches, withAddress: configuration.lastUse.clientAddress, log, now });
  const tokens = createSecretTokens({
    claimsOptions: token,
    maxSeconds: token.maxCycle * secondsPerDay,
    sign: signToken,
    signingKeys: signingKeys.cache.current,
    log,
  });
  const guardrails = createWatchedGuardrails({ transport, configMap: { namespace, name: guardrailsConfigMap }, log });
  const leadership = createLeadership({
    guardrails,
    tokens,
    configuration,
    transport,
    caches,
    accepts: acceptedBy(createPairLookup(caches)),
    instance,
    startRotation: signingKeys.startRotation,
    metrics: metrics.workQueue('accesskey'),
    log,
    now,
  });
  const { isLeader } = leadership;
  const served = createServedClusters({
    configuration,
    userAgent,
    transport,
    client,
    localCaches,
    instance,
    isLeader,
    metrics,
    log,
  });
  const { app, webConsole } = createApi({
    configuration,
    kubeconfig,
    userAgent,
    transport,
    client,
    caches,
    served,
    lastUsed,
    // Withheld until the caches are filled: token requests must get 503, not 401 because every key pair is still unknown.
    signingKeys: () => (readiness.isMet('caches') ? signingKeys.cache.current() : undefined),
    metrics,
    log,
    now,
  });
  /** Of what the operator reads in its own namespace. */
  const ownCaches = [
    signingKeys.watchCache,
    guardrails.reflector,
    ...(served.registeredClusters ? [served.registeredClusters.watchCache] : []),
    ...(webConsole?.watchCaches ?? []),
  ];
  metrics.collect({
    accessKeys: () => accessKeySamples(caches),
    areGuardrailsMalformed: guardrails.isMalformed,
    ...(configuration.metrics.perPair && { keyPairs: () => livePairs(caches, now()) }),
    isReady: readiness.isReady,
    leaderElection: { name: configuration.leaderElection.leaseName, isLeader },
    ...(certificate && { certificateExpiry: certificate.expiry }),
    caches: () => [...served.measured.caches(), ...ownCaches.map((one) => ({ ...one, cluster: clusterName }))],
    signingKeys: signingKeys.cache,
    rotationDays: token.signingKeys.rotationDays,
    clusters: served.measured,
  });
  return {
    readiness,
    metrics,
    transport,
    app,
    webConsole,
    certificate,
    signingKeys,
    leadership,
    lastUsed,
    registeredClusters: served.registeredClusters,
    /** All reflectors of the local cluster, including the optional ones for RoleBindings and the guardrails. */
    reflectors: [...served.reflectors, guardrails.reflector],
    /** The reflectors that must sync before the process is ready. */
    requiredReflectors: localCaches.reflectors,
  };
}
