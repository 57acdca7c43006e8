import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { PairLookup } from '../../accesskey/live/pair-lookup.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import type { Clusters } from '../../clusters/cluster.ts';
import type { Environment } from '../../http/common/environment.ts';
import type { TakeTurn } from '../../http/common/turns.ts';
import type { TokenIssuing } from '../../http/token/issuing.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Transport } from '../../kube/transport.ts';
import type { ReviewBudget } from '../../token/exchange.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { TransportFor } from '../common/fair-transports.ts';
import type { View } from '../common/view.ts';
import type { SingleSignOnService } from '../oidc/single-sign-on.ts';
import type { ReviewToken } from '../session/identity.ts';
import type { Session, SessionKeys } from '../session/session.ts';
import type { KeyPairSignIn } from '../visitor/key-pair-sign-in.ts';
import type { Visitor } from '../visitor/visitor.ts';

/** What the console needs from the rest of the process. */
export interface ConsoleDependencies {
  caches: AccessKeyCaches;
  pairs: PairLookup;
  /** Authenticates key pairs, with the same failure budget as the token endpoints. */
  tokenIssuing: TokenIssuing;
  /** Failure budget of sign-ins with a Kubernetes token or single sign-on. */
  tokenBudget: ReviewBudget;
  clusters: Clusters;
  inventory: Inventory;
  /** Spreads expensive work over turns of the event loop. */
  takeTurn: TakeTurn;
  reviewToken: ReviewToken;
  /** Sends requests with the operator's own permissions. */
  transport: Transport;
  /** Transports with the permissions of a token. */
  transportFor: TransportFor;
  /** @returns the session keys, or undefined while sign-in is unavailable */
  sessionKeys(): SessionKeys | undefined;
  /** Undefined if it is not configured. */
  singleSignOn?: SingleSignOnService | undefined;
  options: ConsoleOptions;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** @throws ConsoleError 503 while the session keys are missing */
export function requireSessionKeys({ sessionKeys }: Pick<ConsoleDependencies, 'sessionKeys'>): SessionKeys {
  const keys = sessionKeys();
  if (!keys) throw new ConsoleError('errorSignInUnavailable', {}, 503);
  return keys;
}

export interface ConsoleOptions {
  /** Whether users can sign in with a Kubernetes token; default true. */
  tokenSignIn?: boolean;
  keyPairSignIn: KeyPairSignIn;
  /** Maximum length of a session. */
  sessionMinutes: number;
  /** How long a session may be unused; default: without limit. */
  idleMinutes?: number | undefined;
  /** Whether the browser deletes the session when it is closed; default false. */
  endWithBrowser?: boolean;
  /** URL of the console in the browser, if it is behind a proxy. */
  publicUrl?: string | undefined;
  /** Whether browsers use HTTPS. */
  secure: boolean;
  /** A proxy that signs users in; default: none. */
  authenticatingProxy?: { enabled: boolean; signOutUrl?: string | undefined };
  /** CIDRs of trusted proxies; default: none. */
  trustedProxies?: readonly string[];
}

/** The Hono environment of a page request. */
export interface ConsoleEnvironment {
  Bindings: Environment['Bindings'];
  Variables: Environment['Variables'] & { view: View; visitor: Visitor; session: Session };
}

export type PageContext = Context<ConsoleEnvironment>;

/** Whether the script of a page sent the request: for a fragment of the page or an event stream. */
export function isScriptRequest({ req }: PageContext): boolean {
  return req.query('fragment') !== undefined || req.header('Accept') === 'text/event-stream';
}
