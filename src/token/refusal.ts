import { parseFederatedClientId } from '../accesskey/live/live-users.ts';
import type { Subject } from './claims.ts';

/** Why a credential gets no token, with the text of the audit log. */
const refusalText = {
  'unknown-ak': 'unknown access key',
  'wrong-sk': 'wrong secret key',
  disabled: 'disabled',
  expired: 'expired',
  conflict: 'conflict',
  pending: 'pending',
  'not-before': 'tokensNotBefore is in the future',
  audience: 'the AccessKey does not list the audience',
  address: 'allowedCIDRs do not contain the client address',
  'no-service-account-token': 'not a ServiceAccount token for this audience',
  'other-service-account': 'client_id is not the ServiceAccount of the token',
  'unnamed-service-account': 'no live AccessKey names the ServiceAccount',
  'ambiguous-service-account': 'several live AccessKeys name the ServiceAccount',
  'rejected-token': 'the cluster does not accept the token',
  'other-subject': 'client_id is not the subject of the token',
  'invalid-token': 'the token of the issuer is not valid',
  'invalid-response': 'the issuer sent an invalid response',
  'unnamed-subject': 'no live AccessKey names the subject',
  'ambiguous-subject': 'several live AccessKeys name the subject',
  'subject-audience': 'the AccessKey names the subject with another audience',
  throttled: 'too many failed attempts',
} as const;

export type RefusalCode = keyof typeof refusalText;

/**
 * A credential that gets no token. The response depends only on `retryAfterSeconds` and, if the credential is valid, on
 * `refused`; the other fields are for the log.
 */
export interface Refusal {
  refused: RefusalCode;
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

/** @returns the fields of a log line for a refusal */
export function refusalFields({ refused, ...fields }: Refusal): Record<string, unknown> {
  return { refused: refusalText[refused], ...fields };
}

/** @returns the field of a log line that identifies a client */
export function clientField({
  clientId,
  pairName,
}: Pick<Subject, 'clientId' | 'pairName'>): Pick<Refusal, 'ak' | 'serviceAccount' | 'federated'> {
  if (pairName !== undefined) return { ak: clientId };
  return parseFederatedClientId(clientId) ? { federated: clientId } : { serviceAccount: clientId };
}
