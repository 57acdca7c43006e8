import type { AccessKeyRecord } from './access-key-record.ts';

/** A request for the token in a Secret (`keyPairs[].token`), for a pair that is allowed to get one. */
export interface SecretTokenRequest {
  accessKey: Pick<AccessKeyRecord, 'uid' | 'spec'>;
  ak: string;
  /** Milliseconds; the longest validity of the operator limits it. */
  validForMs: number;
  /** One of spec.audiences; undefined: the audience of the configuration. */
  audience: string | undefined;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** Milliseconds since the epoch. */
  tokensNotBefore: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Times are milliseconds since the epoch. */
export interface SignedToken {
  token: string;
  kid: string;
  issuedAt: number;
  expiresAt: number;
}
