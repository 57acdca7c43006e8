import { decodeJwt, errors, type JWTPayload, jwtVerify, type RemoteJWKSet } from 'jose';
import { z } from 'zod';
import { issuerToleranceSeconds } from '../../outbound/issuer-tolerance.ts';
import { createIssuerKeys, type IssuerFetch, toIssuerError } from './issuer-client.ts';

/** An issuer of other tokens, as configured. */
export interface TrustedIssuer {
  issuer: string;
  /** PEM file of the CAs to trust; default: those of Node. */
  caFile?: string | undefined;
  /** A token must have one of these audiences. */
  audiences: readonly string[];
  /** Algorithms of its signatures. */
  algorithms: readonly string[];
}

/** A verified token of a trusted issuer. */
export interface ExternalToken {
  issuer: string;
  subject: string;
  /** The audiences of the token that the issuer may have. */
  audiences: readonly string[];
  /** Seconds since the epoch. */
  exp: number;
}

/** Verifies tokens of trusted issuers. */
export interface ExternalTokens {
  /** @returns the unverified issuer and subject of a token, if its issuer is trusted */
  peek(token: string): { issuer: string; subject: string } | undefined;
  /**
   * @returns the token, or the reason why it is invalid, for the log
   * @throws IssuerError if the keys of the issuer cannot be read
   */
  verify(token: string): Promise<ExternalToken | { invalid: string }>;
}

const maxLength = 16_384;
const maxAudiences = 16;
/** Accepted values of `typ`, in lower case. JOSE is that of some SPIFFE implementations (JWT-SVID section 2.3). */
const types = ['jwt', 'at+jwt', 'jose'];

const claims = z.object({
  sub: z.string().min(1).max(512),
  exp: z.number(),
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string()).max(maxAudiences)]),
});

export interface ExternalTokensOptions {
  issuers: readonly TrustedIssuer[];
  /** Default: a client for each issuer, with its CA. */
  fetch?: IssuerFetch | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** The clock for the age of the keys, milliseconds; default: that of this process. */
  monotonic?: (() => number) | undefined;
}

export function createExternalTokens({ issuers, fetch, now, monotonic }: ExternalTokensOptions): ExternalTokens {
  const trusted = new Map(
    issuers.map((one) => [one.issuer, { ...one, keys: createIssuerKeys({ ...one, fetch, monotonic }) }] as const),
  );

  function peek(token: string) {
    const { iss = '', sub } = token.length > maxLength ? {} : decode(token);
    return trusted.has(iss) && typeof sub === 'string' ? { issuer: iss, subject: sub } : undefined;
  }

  return {
    peek,
    async verify(token) {
      const found = trusted.get(peek(token)?.issuer ?? '');
      if (!found) return { invalid: 'not a token of a trusted issuer' };
      const verified = await verifySignature(token, found, await found.keys(), now());
      if ('invalid' in verified) return verified;
      const parsed = claims.safeParse(verified.payload);
      if (!parsed.success) return { invalid: 'a claim is missing or has the wrong type' };
      const { sub: subject, exp, aud } = parsed.data;
      const audiences = aud.filter((one) => found.audiences.includes(one));
      return { issuer: found.issuer, subject, audiences, exp };
    },
  };
}

async function verifySignature(
  token: string,
  { issuer, audiences, algorithms }: TrustedIssuer,
  keys: RemoteJWKSet,
  now: number,
): Promise<{ payload: JWTPayload } | { invalid: string }> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      audience: [...audiences],
      algorithms: [...algorithms],
      requiredClaims: ['exp', 'iat', 'sub', 'aud'],
      clockTolerance: issuerToleranceSeconds,
      currentDate: new Date(now),
    });
    // jose does not check that typ is text.
    if (!types.includes(String(protectedHeader.typ ?? 'jwt').toLowerCase())) return { invalid: 'another typ' };
    if ((payload.iat ?? 0) > now / 1000 + issuerToleranceSeconds) return { invalid: 'iat is in the future' };
    return { payload };
  } catch (error) {
    const { code = '' } = error as { code?: string };
    const isAboutIssuer = ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'].includes(code);
    if (error instanceof errors.JOSEError && !isAboutIssuer) return { invalid: error.code };
    throw toIssuerError(error);
  }
}

function decode(token: string): { iss?: string; sub?: unknown } {
  try {
    const { iss, sub } = decodeJwt(token);
    return { ...(typeof iss === 'string' && { iss }), sub };
  } catch {
    return {};
  }
}
