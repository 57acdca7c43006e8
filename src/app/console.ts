import type { AccessKeyCaches } from '../accesskey/model/caches.ts';
import type { Configuration } from '../config/load.ts';
import { endedSignOnsSecret } from '../config/web.ts';
import type { Dependencies } from '../http/common/dependencies.ts';
import { createReviewBudget } from '../http/common/review-budget.ts';
import type { TokenIssuing } from '../http/token/issuing.ts';
import type { KubernetesClient } from '../kube/client.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import type { WatchCache } from '../kube/reflector.ts';
import { createTokenTransports } from '../kube/token-transport.ts';
import type { Transport } from '../kube/transport.ts';
import { createFairTransports } from '../web/common/fair-transports.ts';
import { type Console, createConsole } from '../web/console.ts';
import { createEndedSignOns } from '../web/oidc/ended-sign-ons.ts';
import { createSingleSignOn } from '../web/oidc/single-sign-on.ts';
import { createTokenReview } from '../web/session/identity.ts';
import { createSessionSecret } from '../web/session/session-secret.ts';
import { createOwnTokenCheck } from './own-tokens.ts';

export interface RunningConsoleOptions {
  configuration: Configuration;
  kubeconfig: string | undefined;
  userAgent: string;
  transport: Transport;
  client: KubernetesClient;
  caches: AccessKeyCaches;
  dependencies: Dependencies;
  tokenIssuing: TokenIssuing;
}

/** The web console of a process. */
export interface RunningConsole extends Pick<Console, 'app' | 'unhandled'> {
  /** Of the Secrets of the console, for metrics. */
  readonly watchCaches: readonly WatchCache[];
  /** Keeps the session keys up to date until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends open event streams, so that the server can be drained. */
  endStreams(): void;
  close(): Promise<void>;
}

/**
 * Composes the web console with its transports and the session keys.
 *
 * @returns undefined if the configuration disables the console
 */
export function createRunningConsole(options: RunningConsoleOptions): RunningConsole | undefined {
  const { configuration, kubeconfig, userAgent, transport, client, caches, dependencies, tokenIssuing } = options;
  const { namespace, web, token } = configuration;
  if (!web.enabled) return undefined;
  const { log, now } = dependencies;
  const tokenTransports = createTokenTransports(() => loadKubeconfig(kubeconfig), userAgent);
  const transportFor = createFairTransports(tokenTransports.transportFor);
  const secret = { namespace, name: web.sessionSecretName };
  const sessionSecret = createSessionSecret({ transport, client, secret, log });
  const { oidc, publicUrl } = web;
  const ended = oidc?.backChannelLogout
    ? createEndedSignOns({
        ...{ transport, client, log, now },
        secret: { namespace, name: endedSignOnsSecret },
        sessionMs: web.sessionMinutes * 60_000,
      })
    : undefined;
  const singleSignOn =
    oidc && publicUrl !== undefined ? createSingleSignOn(oidc, { publicUrl, ended, log, now }) : undefined;
  const { app, unhandled, close } = createConsole({
    ...dependencies,
    caches,
    tokenIssuing,
    transport,
    tokenBudget: createReviewBudget(token.failureThrottle),
    reviewToken: createOwnTokenCheck(createTokenReview(transportFor), dependencies),
    transportFor,
    sessionKeys: sessionSecret.current,
    singleSignOn,
    options: { ...web, secure: dependencies.secure, trustedProxies: configuration.http.trustedProxies },
  });
  return {
    app,
    unhandled,
    watchCaches: [sessionSecret, ended].flatMap((one) => one?.watchCache ?? []),
    async run(signal) {
      await Promise.all([sessionSecret.run(signal), ended?.run(signal)]);
    },
    endStreams: close,
    async close() {
      await Promise.all([tokenTransports.close(), singleSignOn?.provider.close()]);
    },
  };
}
