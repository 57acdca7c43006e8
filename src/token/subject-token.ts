import { decodeJwt, errors } from 'jose';
import { z } from 'zod';
import { isDnsLabel, isDnsSubdomain, parseUsername, type ServiceAccountName } from '../kube/names.ts';

/** Unverified content of a ServiceAccount token. */
export interface SubjectToken {
  account: ServiceAccountName;
  /** Seconds since the epoch. */
  exp: number;
}

/** Tokens of Kubernetes have about 1,200 characters. */
const maxLength = 8192;

/** The required claims of a bound ServiceAccount token (KEP-1205). */
const subjectClaims = z.object({
  iss: z.string(),
  sub: z.string(),
  exp: z.number(),
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
});

/**
 * Reads a ServiceAccount token without verifying it, to reject invalid tokens without a call to the API server.
 *
 * @param options `audience` is the required audience; `issuer` is the issuer of the operator's tokens, which never belong
 * to a ServiceAccount, whatever the name of their user; `now` is in milliseconds since the epoch
 * @returns the content; undefined if this is not a ServiceAccount token for this audience
 */
export function readSubjectToken(
  token: string,
  { audience, issuer, now }: { audience: string; issuer: string; now: number },
): SubjectToken | undefined {
  const claims = subjectClaims.safeParse(token.length > maxLength ? undefined : decode(token));
  if (!claims.success) return undefined;
  const { iss, sub, exp, aud } = claims.data;
  const account = parseUsername(sub);
  if (!account || !isName(account) || iss === issuer || exp <= now / 1000 || !aud.includes(audience)) return undefined;
  return { account, exp };
}

/** Checks the names with the rules of Kubernetes (RFC 1123 label and subdomain), so that they have a bounded length. */
function isName({ namespace, name }: ServiceAccountName): boolean {
  return isDnsLabel(namespace) && isDnsSubdomain(name);
}

function decode(token: string): unknown {
  try {
    return decodeJwt(token);
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}
