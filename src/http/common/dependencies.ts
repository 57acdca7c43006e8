import type { Logger } from 'pino';
import type { Authorizer } from '../../access/authorizer.ts';
import type { AccessKeyApi } from '../../accesskey/change/access-key-api.ts';
import type { LastUsed } from '../../accesskey/live/last-used.ts';
import type { LiveFederated, LiveServiceAccounts } from '../../accesskey/live/live-users.ts';
import type { PairLookup } from '../../accesskey/live/pair-lookup.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import type { Clusters } from '../../clusters/cluster.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { TokenType } from '../../token/claims.ts';
import type { ReviewServiceAccountToken } from '../../token/exchange.ts';
import type { ExternalTokens } from '../../token/federation/external-token.ts';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';
import type { UserDirectory } from '../../users/directory.ts';
import type { ProxyOptions } from './client-address.ts';
import type { ThrottleOptions } from './throttle.ts';
import type { TakeTurn } from './turns.ts';

/** Configuration of token issuing. */
export interface TokenOptions {
  issuer: string;
  audience?: string | undefined;
  /** Required audience of ServiceAccount tokens to exchange; default: the issuer. */
  exchangeAudience?: string | undefined;
  /** Days. */
  defaultCycle: number;
  /** Days. */
  maxCycle: number;
  /** Default validity of tokens of the OAuth 2.0 endpoint, seconds; if unset, that of `defaultCycle`. */
  lifetime?: number | undefined;
  /** typ of tokens of the OAuth 2.0 endpoint; default: JWT. */
  type?: TokenType | undefined;
  /** If unset, failed attempts are not throttled. */
  failureThrottle?: ThrottleOptions;
}

/** Result of a token request; `invalid`: its parameters were invalid. */
export type TokenResult = 'granted' | 'refused' | 'invalid';

export interface TokenMetrics {
  requested(result: TokenResult): void;
  /** Records the duration of a signature. */
  signed(seconds: number): void;
}

/** A response of the platform API. */
export interface CompletedRequest {
  /** Pattern of the route; `/*` if no route matched. */
  route: string;
  status: number;
  seconds: number;
}

export interface HttpMetrics {
  completed(request: CompletedRequest): void;
}

/** Where a gateway sends the method of a request; `off`: preflight requests do not pass. */
export type PreflightMethod = 'off' | 'method' | 'X-Forwarded-Method' | 'X-Original-Method';

/** Dependencies of the routes. */
export interface Dependencies {
  pairs: PairLookup;
  serviceAccounts: LiveServiceAccounts;
  /** Reviews ServiceAccount tokens for the audience in `token`. */
  reviewServiceAccount: ReviewServiceAccountToken;
  /** Subjects of trusted issuers; default: no issuer is trusted. */
  federation?: { tokens: ExternalTokens; users: LiveFederated } | undefined;
  lastUsed: Pick<LastUsed, 'touch'>;
  clusters: Clusters;
  users: UserDirectory;
  inventory: Inventory;
  /** Of the local cluster: checks permissions to see other users and to introspect their tokens. */
  authorizer: Pick<Authorizer, 'mayReviewTokens' | 'mayReadAccessKeys' | 'mayChangeKeyPairs'>;
  /** For access tokens. `api` is undefined if users may not change their key pairs (web.keyPairSignIn). */
  keyPairs: { caches: Pick<AccessKeyCaches, 'accessKeys' | 'secrets'>; api: AccessKeyApi | undefined };
  /** undefined until loaded. */
  signingKeys: () => SigningKeys | undefined;
  token: TokenOptions;
  proxies: ProxyOptions;
  /** Where forward-auth finds the method of a CORS preflight request. */
  forwardAuthPreflight: PreflightMethod;
  /** Origins that may use the API in a browser, or `*`. */
  allowedOrigins: readonly string[];
  /** Whether clients use HTTPS. */
  secure: boolean;
  /** Spreads expensive work over turns of the event loop. */
  takeTurn: TakeTurn;
  tokenMetrics: TokenMetrics;
  httpMetrics: HttpMetrics;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}
