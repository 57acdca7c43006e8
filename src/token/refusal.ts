/** Why a credential gets no token, for the log. */
import { parseFederatedClientId } from '../accesskey/live/live-users.ts';
import type { Subject } from './claims.ts';

/** Why a credential gets no token. */
export type RefusalReason =
  | 'unknown access key'
  | 'wrong secret key'
  | 'disabled'
  | 'expired'
  | 'conflict'
  | 'pending'
  | 'tokensNotBefore is in the future'
  | 'the AccessKey does not list the audience'
  | 'allowedCIDRs do not contain the client address'
  | 'not a ServiceAccount token for this audience'
  | 'client_id is not the ServiceAccount of the token'
  | 'no live AccessKey names the ServiceAccount'
  | 'several live AccessKeys name the ServiceAccount'
  | 'the cluster does not accept the token'
  | 'client_id is not the subject of the token'
  | 'the token of the issuer is not valid'
  | 'the issuer sent an invalid response'
  | 'no live AccessKey names the subject'
  | 'several live AccessKeys name the subject'
  | 'the AccessKey names the subject with another audience'
  | 'too many failed attempts';

/**
 * A credential that gets no token. The response depends only on `retryAfterSeconds`; the other fields are for the log.
 */
export interface Refusal {
  refused: RefusalReason;
  /** The ak, only if it identifies a key pair: an unknown ak may be a secret key in the wrong field. */
  ak?: string;
  /** The ServiceAccount, only if an AccessKey names it. */
  serviceAccount?: string;
  /** The subject of another issuer, only if an AccessKey names it. */
  federated?: string;
  /** Why the token of an issuer is not valid, or which AccessKeys name its subject. */
  detail?: string;
  /** Whole seconds until the next attempt, if the token was not checked because of too many failures. */
  retryAfterSeconds?: number;
}

/** @returns the field of a log line that identifies a client */
export function clientField({
  clientId,
  pairName,
}: Pick<Subject, 'clientId' | 'pairName'>): Pick<Refusal, 'ak' | 'serviceAccount' | 'federated'> {
  if (pairName !== undefined) return { ak: clientId };
  return parseFederatedClientId(clientId) ? { federated: clientId } : { serviceAccount: clientId };
}
