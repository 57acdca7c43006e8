import type { AccessKeyCaches } from '../accesskey/model/caches.ts';
import type { Configuration } from '../config/load.ts';
import type { Dependencies } from '../http/common/environment.ts';
import { createAccountBudget } from '../http/common/review-budget.ts';
import type { TokenIssuing } from '../http/token/issuing.ts';
import type { KubernetesClient } from '../kube/client.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import { createTokenTransports } from '../kube/token-transport.ts';
import type { Transport } from '../kube/transport.ts';
import { createFairTransports } from '../web/common/fair-transports.ts';
import { type Console, createConsole } from '../web/console.ts';
import { createTokenReview } from '../web/session/identity.ts';
import { createSessionSecret } from '../web/session/session-secret.ts';

export interface ConsoleParts {
  configuration: Configuration;
  kubeconfig: string | undefined;
  userAgent: string;
  transport: Transport;
  client: KubernetesClient;
  caches: AccessKeyCaches;
  dependencies: Dependencies;
  tokenIssuing: TokenIssuing;
}

/** The pages of a process, and what they need to run: part of the composition root. */
export interface RunningConsole extends Pick<Console, 'app'> {
  /** Follows the key of the sessions until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends the open streams, so that the server can be drained. */
  endStreams(): void;
  close(): Promise<void>;
}

/** @returns undefined when the configuration wants no pages */
export function createRunningConsole(parts: ConsoleParts): RunningConsole | undefined {
  const { configuration, kubeconfig, userAgent, transport, client, caches, dependencies, tokenIssuing } = parts;
  const { namespace, web, http, token } = configuration;
  if (!web.enabled) return undefined;
  const { log } = dependencies;
  const tokenTransports = createTokenTransports(() => loadKubeconfig(kubeconfig), userAgent);
  const withToken = createFairTransports(tokenTransports.withToken);
  const secret = { namespace, name: web.sessionSecretName };
  const sessionSecret = createSessionSecret({ transport, client, secret, log });
  const { app, close } = createConsole({
    ...{ ...dependencies, caches, tokenIssuing, transport },
    tokenBudget: createAccountBudget(token.failureThrottle),
    reviewToken: createTokenReview(withToken),
    withToken,
    sessionKeys: sessionSecret.current,
    options: { ...web, secure: http.tls !== undefined || web.publicUrl?.startsWith('https:') === true },
  });
  return { app, run: sessionSecret.run, endStreams: close, close: tokenTransports.close };
}
