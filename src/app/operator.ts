import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Configuration } from '../config/load.ts';
import { parseIssuer } from '../http/discovery/metadata.ts';
import { createHealthApp } from '../http/server/health.ts';
import { type RunningServer, serve } from '../http/server/server.ts';
import type { OperatorComponents } from './composition.ts';

export interface OperatorOptions {
  configuration: Configuration;
  program: { version: string };
  log: Logger;
  /** Resolves when the process should stop; called after everything was started. */
  untilSignal: () => Promise<void>;
}

/** How long requests in flight may take after the shutdown delay, milliseconds. */
const drainMs = 10_000;

/**
 * Runs the composed operator: listens, starts all components, and after the signal drains and stops them.
 *
 * @throws Error that names the section of the configuration if a port cannot be bound
 */
export async function runOperator(components: OperatorComponents, options: OperatorOptions): Promise<void> {
  const { api, health } = await listen(components, options);
  const work = startWork(components);
  await options.untilSignal();
  components.readiness.shutDown();
  const resigned = work.resign();
  api.beginDrain();
  // The next leader can start while this process answers its last requests. The last uses are written as soon as these are
  // answered, also if reconciliation has not stopped yet: the process may be killed soon.
  await Promise.all([drain(api, components, options).then(work.stop), resigned]);
  await health.close(0);
  await Promise.all([components.transport.close(), components.webConsole?.close()]);
  options.log.info('stopped');
}

async function listen(components: OperatorComponents, { configuration, program, log }: OperatorOptions) {
  const { readiness, metrics, app, certificate, transport } = components;
  const probes = createHealthApp({ unready: readiness.reasons, metrics, log });
  const health = await serve(probes, { ...configuration.health, log }).catch(rethrowFor('health'));
  const tls = certificate && { certificate, log };
  const options = { ...configuration.http, tls, log, metrics: metrics.http };
  const api = await serve(app, options).catch(rethrowFor('http'));
  const ports = { api: api.port, tls: tls !== undefined, health: health.port };
  log.info({ version: program.version, server: transport.server, ...ports }, 'listening');
  const { issuer } = configuration.token;
  if (!parseIssuer(issuer)) {
    log.info({ issuer }, 'discovery documents are not served: set token.issuer to the https URL of this server');
  }
  return { api, health };
}

function rethrowFor(section: 'health' | 'http') {
  return (cause: unknown): never => {
    throw new Error(`cannot listen on ${section}.address and ${section}.port`, { cause });
  };
}

/** Starts the background work: watches, signing keys, last-used times and, when ready, leadership. */
function startWork(components: OperatorComponents) {
  const { readiness, signingKeys, registeredClusters, leadership } = components;
  const stop = new AbortController();
  const campaign = new AbortController();
  const background = [
    ...components.reflectors,
    components.certificate,
    components.lastUsed,
    signingKeys,
    registeredClusters,
    components.webConsole,
  ].map((one) => one?.run(stop.signal));
  // Readiness waits for the list of registered clusters, because listings would omit them, but not for their
  // connections.
  const synced = [...components.requiredReflectors, registeredClusters].map((one) => one?.synced);
  const cachesFilled = Promise.all(synced).then(() => readiness.met('caches'));
  const keysLoaded = signingKeys.cache.loaded.then(() => readiness.met('signing keys'));
  // The leader needs the signing keys to restore their Secret if it is deleted.
  const leading = Promise.all([cachesFilled, keysLoaded]).then(() => leadership.run(campaign.signal));
  return {
    /** Gives up leadership. Resolves when reconciliation has stopped, or immediately if it has not started. */
    async resign(): Promise<void> {
      campaign.abort();
      if (readiness.isMet('caches') && readiness.isMet('signing keys')) await leading;
    },
    async stop(): Promise<void> {
      stop.abort();
      await Promise.all(background);
    },
  };
}

/** Answers requests until load balancers have stopped sending them, then closes the connections. */
async function drain(
  api: RunningServer,
  { webConsole }: OperatorComponents,
  { configuration }: OperatorOptions,
): Promise<void> {
  await sleep(configuration.http.shutdownDelaySeconds * 1000);
  webConsole?.endStreams();
  await api.close(drainMs);
}
