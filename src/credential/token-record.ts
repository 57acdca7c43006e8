/** The annotation that describes the token in the data of a Secret. Pure. */
import { hash } from 'node:crypto';

/** Contains no secret: a token cannot be derived from its digest. */
export interface TokenRecord {
  /** Data key of the token. */
  key: string;
  /** SHA-256 of the token, base64url. */
  digest: string;
  /** Signing key of the token. */
  kid: string;
  /** SHA-256 of everything that the token depends on, base64url. */
  inputs: string;
  /** iat of the token, milliseconds since the epoch. */
  issuedAt: number;
  /** When to renew it, milliseconds since the epoch. */
  renewAt: number;
}

export function tokenDigest(token: string): string {
  return hash('sha256', token, 'base64url');
}

/** @returns undefined if the annotation is not one that the operator writes; never throws */
export function parseTokenRecord(annotation: string | undefined): TokenRecord | undefined {
  // Most Secrets hold no token, and a caught exception costs about 25 µs.
  if (annotation === undefined) return undefined;
  try {
    const record = JSON.parse(annotation) as Record<string, unknown>;
    const { key, digest, kid, inputs, issuedAt, renewAt } = record;
    const isSound =
      [key, digest, kid, inputs].every((value) => typeof value === 'string') &&
      [issuedAt, renewAt].every((value) => Number.isSafeInteger(value));
    return isSound ? ({ key, digest, kid, inputs, issuedAt, renewAt } as TokenRecord) : undefined;
  } catch {
    return undefined;
  }
}

export function formatTokenRecord({ key, digest, kid, inputs, issuedAt, renewAt }: TokenRecord): string {
  return JSON.stringify({ key, digest, kid, inputs, issuedAt, renewAt });
}
