/**
 * Composition root: the only place that wires the parts together.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import type { AccessKeyCaches } from './accesskey/caches.ts';
import { createLastUsed } from './accesskey/last-used.ts';
import { createLivePairs } from './accesskey/live-pairs.ts';
import { createLiveServiceAccounts } from './accesskey/live-service-accounts.ts';
import { createCaches } from './caches.ts';
import { type Configuration, ConfigurationError, instanceName, readCommand, usage } from './config.ts';
import { createRunningConsole } from './console.ts';
import { createApp } from './http/app.ts';
import type { Dependencies } from './http/environment.ts';
import { createHealthApp } from './http/health.ts';
import { answerOtherMethods } from './http/methods.ts';
import { createMinting } from './http/minting.ts';
import { serve } from './http/server.ts';
import { loadServingCertificate, type ServingCertificate } from './http/tls-certificate.ts';
import { TlsFileError } from './http/tls-pair.ts';
import { createKubernetesClient } from './kube/client.ts';
import { describeError } from './kube/errors.ts';
import { KubeconfigError, loadKubeconfig } from './kube/kubeconfig.ts';
import { createTransport } from './kube/transport.ts';
import { measuredTransport } from './kube/transport-wrappers.ts';
import { createLeadership } from './leadership.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createServedClusters } from './served-clusters.ts';
import { createKeyService } from './token/key-service.ts';
import { createServiceAccountReview } from './token/service-account-review.ts';
import { createUserDirectory } from './users/directory.ts';

/** Exit codes: 2 for what the person who starts it must mend, 1 for what went wrong later. */
const badUsage = 2;
/** How long requests under way may take after SIGTERM, milliseconds. */
const drainMs = 10_000;

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (command.kind === 'help') process.stdout.write(usage);
  else if (command.kind === 'version') process.stdout.write(`${packageJson.version}\n`);
  else await run(command.configuration, command.kubeconfig);
}

async function run(configuration: Configuration, kubeconfig: string | undefined): Promise<void> {
  const log = createLog(configuration.log.level);
  const { tls } = configuration.http;
  const certificate = tls && (await loadServingCertificate(tls, { log, now: Date.now }));
  const parts = createParts(configuration, kubeconfig, log, certificate);
  const { transport, reflectors, watches, registered, lastUsed, leadership, signingKeys, unready, webConsole } = parts;
  const health = await serve(
    createHealthApp(() => [...unready], parts.metrics),
    configuration.health,
  );
  const api = await serve(parts.app, {
    ...configuration.http,
    tls: certificate && { certificate, log },
  });
  const ports = { api: api.port, tls: certificate !== undefined, health: health.port };
  log.info({ version: packageJson.version, server: transport.server, ...ports }, 'listening');

  const stop = new AbortController();
  const campaign = new AbortController();
  const watching = watches.map((reflector) => reflector.run(stop.signal));
  const followingCertificate = certificate?.run(stop.signal);
  const noting = lastUsed.run(stop.signal);
  const followingKeys = signingKeys.run(stop.signal);
  const followingClusters = registered?.run(stop.signal);
  const followingSessions = webConsole?.run(stop.signal);
  signingKeys.held.loaded.then(() => unready.delete('signing keys'));
  // Which clusters are registered has to be known, or there would be none for a moment; not whether they answer.
  const filled = [...reflectors, registered].map((one) => one?.synced);
  const caching = Promise.all(filled).then(() => unready.delete('caches'));
  // Who leads holds the signing keys, so that it can restore a Secret that was deleted.
  const leading = Promise.all([caching, signingKeys.held.loaded]).then(() => leadership.run(campaign.signal));

  await untilSignal(log);
  unready.add('shutting down');
  campaign.abort();
  api.beginDrain();
  // The next leader can begin while the last requests are answered here.
  const neverLed = unready.has('caches') || unready.has('signing keys');
  const draining = sleep(configuration.http.shutdownDelaySeconds * 1000).then(() => {
    webConsole?.endStreams();
    return api.close(drainMs);
  });
  await Promise.all([draining, neverLed ? undefined : leading]);
  stop.abort();
  await Promise.all([...watching, noting, followingKeys, followingClusters, followingSessions, followingCertificate]);
  await health.close(0);
  await Promise.all([transport.close(), webConsole?.close()]);
  log.info('stopped');
}

/** Makes all parts and connects them; nothing runs yet. */
function createParts(
  configuration: Configuration,
  kubeconfig: string | undefined,
  log: Logger,
  certificate: ServingCertificate | undefined,
) {
  const unready = new Set(['caches', 'signing keys']);
  const shared = { log, now: Date.now };
  const metrics = createMetrics({
    accessKeys: () => countedAccessKeys(caches),
    isReady: () => unready.size === 0,
    leaderElection: { name: configuration.leaderElection.leaseName, isLeader: () => leadership.isLeader() },
    ...(certificate && { certificateExpiry: certificate.expiry }),
    caches: () => served.measured.caches(),
    signingKeys: { facts: () => signingKeys.held.facts(), isBroken: () => signingKeys.held.isBroken() },
    clusters: { reports: () => served.measured.reports(), up: () => served.measured.up() },
  });
  const userAgent = `${packageJson.name}/${packageJson.version}`;
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
  const { issuer, exchangeAudience = issuer } = token;
  const served = createServedClusters({
    ...{ configuration, transport, client, filled, userAgent, instance, metrics, log },
    isLeader: () => leadership.isLeader(),
  });
  const { clusters, authorizer, registered } = served;
  const dependencies: Dependencies = {
    ...shared,
    pairs: createLivePairs(caches),
    serviceAccounts: createLiveServiceAccounts(caches),
    reviewServiceAccount: createServiceAccountReview(client, exchangeAudience),
    lastUsed,
    users: createUserDirectory(caches),
    clusters,
    authorizer,
    signingKeys: () => (unready.has('caches') ? undefined : signingKeys.held.current()),
    token,
    proxies: configuration.http,
    allowedOrigins: configuration.http.cors.allowedOrigins,
    tokenMetrics: metrics.token,
    httpMetrics: metrics.http,
  };
  const minting = createMinting(dependencies);
  const app = createApp(dependencies, minting);
  const source = { configuration, kubeconfig, userAgent };
  const webConsole = createRunningConsole({ ...source, transport, client, caches, dependencies, minting });
  if (webConsole) {
    app.route('/', webConsole.app);
    answerOtherMethods(app, webConsole.app.routes);
  }
  return {
    unready,
    metrics,
    transport,
    reflectors,
    watches: served.reflectors,
    registered,
    lastUsed,
    leadership,
    signingKeys,
    app,
    webConsole,
  };
}

function* countedAccessKeys({ accessKeys }: AccessKeyCaches) {
  for (const { status } of accessKeys.values()) {
    const ready = status.conditions?.find((one) => one.type === 'Ready')?.status ?? 'Unknown';
    yield { ready, pairs: (status.keyPairs ?? []).map((pair) => pair.state) };
  }
}

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process at once, as people expect of Ctrl-C. */
function untilSignal(log: Logger): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const take = (signal: NodeJS.Signals) => {
    for (const one of signals) process.off(one, take);
    log.info({ signal }, 'shutting down');
    resolve();
  };
  for (const one of signals) process.on(one, take);
  return promise;
}

try {
  await main();
} catch (error) {
  const usageError = [ConfigurationError, KubeconfigError, TlsFileError].some((kind) => error instanceof kind);
  process.stderr.write(`accesskey-operator: ${describeError(error)}\n`);
  // Not exitCode: a server that is already listening would keep the process.
  process.exit(usageError ? badUsage : 1);
}
