/** An issuer of other tokens, in memory. */
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { IssuerFetch } from '../../../../src/token/federation/issuer-client.ts';
import { now } from '../../../support/builders.ts';

export const issuer = 'https://ci.example.org';
export const subject = 'repo:example/shop:ref:refs/heads/main';
export const audience = 'ghippo.io';

/** What differs from an issuer with a single ES256 key. */
export interface IssuerOptions {
  url?: string;
  alg?: string;
  /** Published in addition to its own key, before it. */
  otherKeys?: readonly JWK[];
}

/** @param change of the discovery document */
export async function createIssuer(
  change: Record<string, unknown> = {},
  { url: ownURL = issuer, alg = 'ES256', otherKeys = [] }: IssuerOptions = {},
) {
  const requests: string[] = [];
  const published: JWK[] = [];
  let respond: ((url: string) => Response | Promise<Response>) | undefined;
  let count = 0;

  /** Publishes a new key, and no other. */
  async function rotate() {
    const pair = await generateKeyPair(alg, { extractable: true });
    count += 1;
    const kid = `key-${count}`;
    const own = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
    published.splice(0, published.length, ...otherKeys, own);
    return { ...pair, kid };
  }
  let current = await rotate();
  const fetch: IssuerFetch = async (url) => {
    requests.push(url);
    if (respond) return respond(url);
    return Response.json(
      url.endsWith('/keys') ? { keys: published } : { issuer: ownURL, jwks_uri: `${issuer}/keys`, ...change },
    );
  };
  return {
    fetch,
    requests,
    current: () => current,
    async rotate() {
      current = await rotate();
    },
    /** Replaces every response; undefined: the normal ones. */
    respondWith(next: typeof respond) {
      respond = next;
    },
    token(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
      const iat = now / 1000;
      const all = { iss: ownURL, sub: subject, aud: audience, iat, exp: iat + 600, ...claims };
      const protectedHeader = { alg, kid: current.kid, typ: 'JWT', ...header };
      return new SignJWT(all as never).setProtectedHeader(protectedHeader).sign(current.privateKey);
    },
  };
}
