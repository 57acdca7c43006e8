import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Configuration } from '../config/load.ts';
import { createHealthApp } from '../http/server/health.ts';
import { type RunningServer, serve } from '../http/server/server.ts';
import type { Parts } from './composition.ts';

export interface OperatorOptions {
  configuration: Configuration;
  program: { version: string };
  log: Logger;
  /** Resolves when the process has to end; called once everything runs. */
  untilSignal: () => Promise<void>;
}

/** How long requests under way may take after the signal, milliseconds. */
const drainMs = 10_000;

/**
 * Life of the process, part of the composition root: listens, runs all parts, and after the signal drains and ends them.
 *
 * @throws when a port cannot be listened on
 */
export async function runOperator(parts: Parts, options: OperatorOptions): Promise<void> {
  const { api, health } = await listen(parts, options);
  const work = startWork(parts);
  await options.untilSignal();
  parts.unready.add('shutting down');
  const resigned = work.resign();
  api.beginDrain();
  // The next leader can begin while the last requests are answered here.
  await Promise.all([drain(api, parts, options), resigned]);
  await work.stop();
  await health.close(0);
  await Promise.all([parts.transport.close(), parts.webConsole?.close()]);
  options.log.info('stopped');
}

async function listen(parts: Parts, { configuration, program, log }: OperatorOptions) {
  const { unready, metrics, app, certificate, transport } = parts;
  const health = await serve(
    createHealthApp(() => [...unready], metrics),
    configuration.health,
  );
  const tls = certificate && { certificate, log };
  const api = await serve(app, { ...configuration.http, tls });
  const ports = { api: api.port, tls: tls !== undefined, health: health.port };
  log.info({ version: program.version, server: transport.server, ...ports }, 'listening');
  return { api, health };
}

/** Starts what runs beside the servers. */
function startWork({ unready, reflectors, registered, signingKeys, leadership, ...parts }: Parts) {
  const stop = new AbortController();
  const campaign = new AbortController();
  const followers = [...parts.watches, parts.certificate, parts.lastUsed, signingKeys, registered, parts.webConsole];
  const following = followers.map((one) => one?.run(stop.signal));
  signingKeys.cache.loaded.then(() => unready.delete('signing keys'));
  // Which clusters are registered has to be known, or there would be none for a moment; not whether they answer.
  const filled = [...reflectors, registered].map((one) => one?.synced);
  const caching = Promise.all(filled).then(() => unready.delete('caches'));
  // Who leads holds the signing keys, so that it can restore a Secret that was deleted.
  const leading = Promise.all([caching, signingKeys.cache.loaded]).then(() => leadership.run(campaign.signal));
  return {
    /** Gives the lead back. Resolves when reconciling has stopped: at once, if it could not have begun yet. */
    async resign(): Promise<void> {
      campaign.abort();
      if (!unready.has('caches') && !unready.has('signing keys')) await leading;
    },
    async stop(): Promise<void> {
      stop.abort();
      await Promise.all(following);
    },
  };
}

/** Answers requests until traffic goes elsewhere, then ends the connections. */
async function drain(api: RunningServer, { webConsole }: Parts, { configuration }: OperatorOptions): Promise<void> {
  await sleep(configuration.http.shutdownDelaySeconds * 1000);
  webConsole?.endStreams();
  await api.close(drainMs);
}
