import type { HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Authorizer } from '../../access/authorizer.ts';
import type { LastUsed } from '../../accesskey/live/last-used.ts';
import type { LivePairs } from '../../accesskey/live/live-pairs.ts';
import type { LiveServiceAccounts } from '../../accesskey/live/live-service-accounts.ts';
import type { Clusters } from '../../clusters/cluster.ts';
import type { ReviewServiceAccount } from '../../token/exchange.ts';
import type { SigningKeys } from '../../token/keys/signing-keys.ts';
import type { UserDirectory } from '../../users/directory.ts';
import type { ProxyOptions } from './client-address.ts';
import type { HttpMetrics } from './http-metrics.ts';
import type { ThrottleOptions } from './throttle.ts';

/** What tokens are given by. */
export interface TokenOptions {
  issuer: string;
  audience?: string | undefined;
  /** That a ServiceAccount's token must be for to be exchanged; without it, the issuer. */
  exchangeAudience?: string | undefined;
  /** Days. */
  defaultCycle: number;
  /** Days. */
  maxCycle: number;
  /** Without it, failed attempts are not throttled. */
  failureThrottle?: ThrottleOptions;
}

/** Outcome of a token request; `invalid` means that its parameters were wrong. */
export type TokenResult = 'granted' | 'refused' | 'invalid';

export interface TokenMetrics {
  requested(result: TokenResult): void;
  /** A token was signed. */
  signed(seconds: number): void;
}

/** What the routes work with. */
export interface Dependencies {
  pairs: LivePairs;
  serviceAccounts: LiveServiceAccounts;
  /** Whose a ServiceAccount's token is; of the audience that `token` says. */
  reviewServiceAccount: ReviewServiceAccount;
  lastUsed: Pick<LastUsed, 'touch'>;
  clusters: Clusters;
  users: UserDirectory;
  /** Of this cluster, for who may ask about others and their tokens. */
  authorizer: Pick<Authorizer, 'mayReviewTokens' | 'mayReadAccessKeys'>;
  /** undefined until they are loaded. */
  signingKeys: () => SigningKeys | undefined;
  token: TokenOptions;
  /** Proxies that are believed; by default none. */
  proxies?: ProxyOptions;
  /** Origins whose pages may use the API, or `*`; by default none. */
  allowedOrigins?: readonly string[];
  /** Told of requests for tokens; by default nobody is. */
  tokenMetrics?: TokenMetrics;
  /** Told of each request; by default nobody is. */
  httpMetrics?: HttpMetrics;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** What is read of a request by parts that the pages of src/web use, too. */
export interface RequestVariables {
  get<Name extends keyof Environment['Variables']>(name: Name): Environment['Variables'][Name];
}

/** What travels with a request. */
export interface Environment {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** Of the client, as far as the proxies are believed. */
    clientAddress: string;
    /** What a handler adds to the request's log line; never a secret. */
    logFields: Record<string, unknown>;
  };
}
