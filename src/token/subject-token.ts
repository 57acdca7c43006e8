import { decodeJwt, errors } from 'jose';
import { z } from 'zod';
import { isDnsLabel, isDnsSubdomain, parseUsername, type ServiceAccountName } from '../kube/names.ts';

/** What a ServiceAccount's token says of itself. Nobody has verified it yet. */
export interface SubjectToken {
  account: ServiceAccountName;
  /** Seconds since the epoch. */
  exp: number;
}

/** Kubernetes' own tokens have some 1,200 characters. */
const maxLength = 8192;

/** The claims of a bound ServiceAccount token (KEP-1205) that are looked at. */
const subjectClaims = z.object({
  iss: z.string(),
  sub: z.string(),
  exp: z.number(),
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string())]),
});

/**
 * Reads a token that is sent to be exchanged, without verifying it: what cannot be right is refused here, so that not
 * every word of a stranger makes the API server review a token.
 *
 * @param audience that the token must be for
 * @param issuer of our tokens: none of them is a ServiceAccount's, whatever its user is called
 * @param now milliseconds since the epoch
 * @returns undefined when it is no token of a ServiceAccount for this audience
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

/** A namespace is a label and a ServiceAccount's name a subdomain of RFC 1123, so that no text of any length gets on. */
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
