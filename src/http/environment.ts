import type { HttpBindings } from '@hono/node-server';
import type { Logger } from 'pino';
import type { Authorizer } from '../access/authorizer.ts';
import type { LastUsed } from '../accesskey/last-used.ts';
import type { LivePairs } from '../accesskey/live-pairs.ts';
import type { DeploymentStore } from '../deployments/store.ts';
import type { SigningKeys } from '../token/signing-keys.ts';
import type { TokenMetrics } from '../token/token-metrics.ts';

/** What the routes work with. */
export interface Dependencies {
  pairs: LivePairs;
  lastUsed: Pick<LastUsed, 'touch'>;
  deployments: DeploymentStore;
  /** Names of all namespaces. */
  namespaces: () => Iterable<string>;
  authorizer: Authorizer;
  /** undefined until they are loaded. */
  signingKeys: () => SigningKeys | undefined;
  clusterName: string;
  token: { issuer: string; audience?: string | undefined; defaultCycle: number; maxCycle: number };
  /** Told of requests for tokens; by default nobody is. */
  tokenMetrics?: TokenMetrics;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** What travels with a request. */
export interface Environment {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** What a handler adds to the request's log line; never a secret. */
    logFields: Record<string, unknown>;
  };
}
