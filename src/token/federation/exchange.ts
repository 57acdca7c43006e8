import { hash } from 'node:crypto';
import { federatedClientId, type LiveFederated } from '../../accesskey/live/live-users.ts';
import type { Subject } from '../claims.ts';
import type { Attempt, ReviewBudget } from '../exchange.ts';
import type { ExchangeRequest } from '../issue.ts';
import type { Refusal } from '../refusal.ts';
import type { ExternalToken, ExternalTokens } from './external-token.ts';
import { IssuerError } from './issuer-client.ts';

export interface FederatedExchangeOptions {
  tokens: ExternalTokens;
  users: Pick<LiveFederated, 'usersOf'>;
  budget: ReviewBudget;
}

/**
 * Exchanges a token of a trusted issuer for a token of the user whose AccessKey names its subject (RFC 8693, RFC 7523). If
 * several live AccessKeys name the subject, none of them matches.
 *
 * @returns undefined if the token is not of a trusted issuer
 * @throws IssuerError if the issuer is unavailable
 */
export function createFederatedExchange({ tokens, users, budget }: FederatedExchangeOptions) {
  return async ({ subjectToken, clientId, address }: ExchangeRequest): Promise<Subject | Refusal | undefined> => {
    const claimed = tokens.peek(subjectToken);
    if (!claimed) return undefined;
    const account = federatedClientId(claimed);
    if (clientId !== undefined && clientId !== account) return { refused: 'other-subject' };
    // The subject is not verified yet, so it can be long, and the budget keeps its keys.
    const client = { address, account: hash('sha256', account, 'base64url') };
    const verified = await budget.attempt(client, () => verify(tokens, subjectToken));
    if ('retryAfterSeconds' in verified) return { refused: 'throttled', ...verified };
    return 'refused' in verified.result ? verified.result : subjectOf(verified.result, users);
  };
}

/** If the issuer, not the client, is the reason of a failure, it does not count. */
async function verify(tokens: ExternalTokens, token: string): Promise<Attempt<ExternalToken | Refusal>> {
  try {
    const verified = await tokens.verify(token);
    if (!('invalid' in verified)) return { result: verified };
    return { result: { refused: 'invalid-token', detail: verified.invalid }, failed: 'both' };
  } catch (error) {
    if (!(error instanceof IssuerError) || error.kind === 'unavailable') throw error;
    return { result: { refused: 'invalid-response', detail: error.message } };
  }
}

function subjectOf(
  { issuer, subject, audiences, exp }: ExternalToken,
  users: FederatedExchangeOptions['users'],
): Subject | Refusal {
  const naming = users.usersOf({ issuer, subject });
  const [user, ...others] = naming;
  const clientId = federatedClientId({ issuer, subject });
  if (!user) return { refused: 'unnamed-subject' };
  if (others.length > 0) {
    const detail = naming
      .map(({ accessKey }) => accessKey)
      .sort()
      .join(', ');
    return { refused: 'ambiguous-subject', federated: clientId, detail };
  }
  const isAccepted = user.subjectAudiences.some((one) => audiences.includes(one));
  if (!isAccepted) return { refused: 'subject-audience', federated: clientId };
  const { id, name, groups } = user;
  return { clientId, user: { id, name, groups }, audiences: user.audiences, expiresAt: exp * 1000 };
}
