import type { LivePairs } from '../accesskey/live-pairs.ts';
import type { KeyPair } from '../credential/key-pair.ts';
import { authenticate, type Refusal } from './authenticate.ts';
import { type ClaimsOptions, claimsFor, type Grantee, type TokenClaims } from './claims.ts';
import type { Exchange, ExchangeRefusal } from './exchange.ts';
import type { Sign } from './shared-signing.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What a token is asked for with. */
export type Credential =
  | { pair: KeyPair }
  /** `clientId`: who the client says it is, when it says so. */
  | { subjectToken: string; clientId: string | undefined };

/** A token that was given. */
export interface Granted {
  token: string;
  claims: TokenClaims;
  /** undefined for a token that was given to a ServiceAccount. */
  pairName: string | undefined;
}

/** Why no token was given. For the log only; nothing in it is secret. */
export interface Refused {
  refused: Refusal | ExchangeRefusal;
  /** The ak, when it names a pair. */
  ak?: string;
  /** The ServiceAccount, when an AccessKey names it. */
  serviceAccount?: string;
  /** Of a ServiceAccount's token that was not looked at: whole seconds until one is. */
  retryAfterSeconds?: number;
}

export type Grant = { granted: Granted } | Refused;

export interface GrantOptions {
  pairs: LivePairs;
  /** @param from address of the client */
  exchange: (subjectToken: string, clientId: string | undefined, from: string) => Promise<Exchange>;
  sign: Sign;
  claims: ClaimsOptions;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Who is granted a token, and by which pair, if by one. */
interface Entitled extends Grantee {
  pairName?: string;
}

/**
 * Gives tokens: who is it, what may the token say, sign it. Every endpoint gets its tokens here.
 *
 * @returns takes the credential, the address that it comes from, the validity in days and the keys; throws KubernetesError or ConnectionError when the
 * cluster cannot be asked about a ServiceAccount
 */
export function createGrants(options: GrantOptions) {
  const { exchange, pairs, sign, claims: claimsOptions, now } = options;

  async function entitle(credential: Credential, from: string): Promise<Entitled | Refused> {
    return 'pair' in credential
      ? entitlePair(pairs, credential.pair, now())
      : entitleServiceAccount(await exchange(credential.subjectToken, credential.clientId, from));
  }

  return async function grant(credential: Credential, from: string, days: number, keys: SigningKeys): Promise<Grant> {
    const entitled = await entitle(credential, from);
    if ('refused' in entitled) return entitled;
    const claims = claimsFor(entitled, days, claimsOptions, now());
    // Live still, but no token would be good for a second.
    if (claims.exp <= claims.iat) return { refused: 'expired', ...named(entitled) };
    return { granted: { token: await sign(claims, keys), claims, pairName: entitled.pairName } };
  };
}

function entitlePair(pairs: LivePairs, { ak, sk }: KeyPair, now: number): Entitled | Refused {
  const result = authenticate(pairs, ak, sk, now);
  if (!('granted' in result)) return result;
  const { user, expiresAt, pairName } = result.granted;
  return { clientId: ak, user, expiresAt, pairName };
}

function entitleServiceAccount(result: Exchange): Entitled | Refused {
  if (!('subject' in result)) return result;
  return result.subject;
}

function named({ clientId, pairName }: Entitled): { ak: string } | { serviceAccount: string } {
  return pairName === undefined ? { serviceAccount: clientId } : { ak: clientId };
}
