import { createAccessKeyApi } from '../accesskey/change/access-key-api.ts';
import { createLiveFederated, createLiveServiceAccounts } from '../accesskey/live/live-users.ts';
import { createPairLookup } from '../accesskey/live/pair-lookup.ts';
import type { AccessKeyCaches } from '../accesskey/model/caches.ts';
import { apiFieldManager } from '../accesskey/model/field-managers.ts';
import type { Configuration } from '../config/load.ts';
import { createApp } from '../http/app.ts';
import type { Dependencies } from '../http/common/dependencies.ts';
import { answerError, answerNotFound } from '../http/common/error-response.ts';
import { answerOtherMethods } from '../http/common/methods.ts';
import { createTurns } from '../http/common/turns.ts';
import { createTokenIssuing } from '../http/token/issuing.ts';
import { createInventory } from '../inventory/inventory.ts';
import type { KubernetesClient } from '../kube/client.ts';
import type { Transport } from '../kube/transport.ts';
import { createServiceAccountTokenReview } from '../token/exchange.ts';
import { createExternalTokens } from '../token/federation/external-token.ts';
import { createUserDirectory } from '../users/directory.ts';
import { createRunningConsole } from './console.ts';
import type { createServedClusters } from './served-clusters.ts';

export interface ApiOptions extends Pick<Dependencies, 'lastUsed' | 'signingKeys' | 'log' | 'now'> {
  configuration: Configuration;
  kubeconfig: string | undefined;
  userAgent: string;
  transport: Transport;
  client: KubernetesClient;
  caches: AccessKeyCaches;
  served: Pick<ReturnType<typeof createServedClusters>, 'clusters' | 'authorizer'>;
  metrics: { token: Dependencies['tokenMetrics']; http: Dependencies['httpMetrics'] };
}

/** Composes the HTTP application: the platform API and the web console. */
export function createApi(options: ApiOptions) {
  const dependencies = dependenciesOf(options);
  const tokenIssuing = createTokenIssuing(dependencies);
  const app = createApp(dependencies, tokenIssuing, options.configuration.web.enabled);
  const webConsole = createRunningConsole({ ...options, dependencies, tokenIssuing });
  if (webConsole) {
    app.route('/', webConsole.app);
    answerOtherMethods(app, webConsole.app.routes);
    const { unhandled } = webConsole;
    app.notFound((context) => unhandled.notFound(context) ?? answerNotFound(context));
    app.onError((error, context) => unhandled.error(error, context) ?? answerError(error, context));
  }
  return { app, webConsole };
}

function dependenciesOf({ configuration, client, caches, served, metrics, ...options }: ApiOptions): Dependencies {
  const { http, token, web } = configuration;
  const { lastUsed, signingKeys, log, now } = options;
  const mayChangeKeyPairs = web.enabled && web.keyPairSignIn === 'manage';
  return {
    lastUsed,
    signingKeys,
    log,
    now,
    token,
    pairs: createPairLookup(caches),
    serviceAccounts: createLiveServiceAccounts(caches),
    reviewServiceAccount: createServiceAccountTokenReview(client, token.exchangeAudience ?? token.issuer),
    federation: federationOf(token.trustedIssuers, caches, now),
    users: createUserDirectory(caches),
    inventory: createInventory(caches, served.authorizer),
    clusters: served.clusters,
    authorizer: served.authorizer,
    keyPairs: { caches, api: mayChangeKeyPairs ? createAccessKeyApi(client, apiFieldManager) : undefined },
    proxies: http,
    secure: http.tls !== undefined || web.publicUrl?.startsWith('https:') === true,
    forwardAuthPreflight: http.forwardAuthPreflight,
    allowedOrigins: http.cors.allowedOrigins,
    takeTurn: createTurns(),
    tokenMetrics: metrics.token,
    httpMetrics: metrics.http,
  };
}

function federationOf(
  issuers: Configuration['token']['trustedIssuers'],
  caches: AccessKeyCaches,
  now: () => number,
): Dependencies['federation'] {
  if (issuers.length === 0) return undefined;
  const users = createLiveFederated(caches, issuers);
  return { tokens: createExternalTokens({ issuers, now }), users };
}
