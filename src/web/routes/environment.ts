import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { LivePairs } from '../../accesskey/live/live-pairs.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import type { Clusters } from '../../clusters/cluster.ts';
import type { Environment } from '../../http/common/environment.ts';
import type { AccountBudget } from '../../http/common/review-budget.ts';
import type { TokenIssuing } from '../../http/token/issuing.ts';
import type { Transport } from '../../kube/transport.ts';
import type { View } from '../common/view.ts';
import type { KeyPairSignIn } from '../keys/own-api.ts';
import type { Visitor } from '../keys/visitor.ts';
import type { ReviewToken } from '../session/identity.ts';
import type { SessionKeys } from '../session/session.ts';

/** What the pages work with. */
export interface ConsoleDependencies {
  caches: AccessKeyCaches;
  pairs: LivePairs;
  /** Checks pairs, with the same account of failures as the token endpoints. */
  tokenIssuing: TokenIssuing;
  /** Account of failed attempts to sign in by a token. */
  tokenBudget: Pick<AccountBudget, 'take' | 'refund'>;
  clusters: Clusters;
  reviewToken: ReviewToken;
  /** By the operator's own rights. */
  transport: Transport;
  /** By the rights of a token. */
  withToken(token: string): Transport;
  /** undefined while nobody can sign in. */
  sessionKeys(): SessionKeys | undefined;
  options: ConsoleOptions;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

export interface ConsoleOptions {
  keyPairSignIn: KeyPairSignIn;
  /** The longest session. */
  sessionMinutes: number;
  /** Under which browsers know the pages, when a proxy stands before them. */
  publicUrl?: string | undefined;
  /** Whether browsers come by HTTPS. */
  secure: boolean;
}

/** What travels with a request for a page. */
export interface ConsoleEnvironment {
  Bindings: Environment['Bindings'];
  Variables: Environment['Variables'] & { view: View; visitor: Visitor };
}

export type PageContext = Context<ConsoleEnvironment>;
