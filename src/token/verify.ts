import { z } from 'zod';
import { type LiveFederated, type LiveServiceAccounts, parseFederatedClientId } from '../accesskey/live/live-users.ts';
import type { PairLookup } from '../accesskey/live/pair-lookup.ts';
import { isAddressAllowed } from '../accesskey/model/networks.ts';
import { liveStates } from '../accesskey/model/pair-state.ts';
import { clockToleranceSeconds } from '../credential/clock-tolerance.ts';
import { parseUsername } from '../kube/names.ts';
import { type SignatureOptions, TokenError, verifySignature } from './verify-signature.ts';

/** The user of a valid token. */
export interface Caller {
  /** sub: uid of the AccessKey. */
  id: string;
  name: string;
  groups: readonly string[];
  /** Name of the key pair that the token was issued for; undefined for a ServiceAccount or a subject of a trusted issuer. */
  pairName: string | undefined;
  /** client_id: the ak, `system:serviceaccount:<namespace>:<name>`, or `<issuer>#<subject>`. */
  clientId: string;
  /** Seconds since the epoch. */
  issuedAt: number;
  /** Seconds since the epoch. */
  expiresAt: number;
  /** Audience of the token, if any. */
  audience?: string;
}

/** A valid token from an address that its key pair does not allow. */
export class AddressError extends TokenError {
  constructor() {
    super('allowedCIDRs of the key pair do not contain the client address');
  }
}

export interface VerifyOptions extends SignatureOptions {
  pairs: PairLookup;
  serviceAccounts: Pick<LiveServiceAccounts, 'userOf'>;
  /** Users of subjects of trusted issuers; default: there are none. */
  federated?: Pick<LiveFederated, 'userOf'> | undefined;
  /** Of the client that uses the token; undefined: not checked. */
  address: string | undefined;
}

const callerClaims = z.object({
  sub: z.string().min(1),
  preferred_username: z.string().min(1),
  groups: z.array(z.string()),
  client_id: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
});

/**
 * Verifies a token of the operator: signature, algorithm, issuer, audience and times (RFC 7519 section 7.2, RFC 8725),
 * and that its key pair is still live and has not revoked it, or that its AccessKey is live and still names its
 * ServiceAccount or subject.
 *
 * Returns only those groups of the token that the user is still in: removing a user from a group takes effect
 * immediately.
 *
 * @throws TokenError
 */
export async function verifyToken(token: string, options: VerifyOptions): Promise<Caller> {
  const payload = await verifySignature(token, options);
  const claims = callerClaims.safeParse(payload);
  if (!claims.success) throw new TokenError('a claim is missing or has the wrong type');
  const { sub: id, preferred_username: name, client_id: clientId, iat, exp, aud } = claims.data;
  if (iat > options.now / 1000 + clockToleranceSeconds) throw new TokenError('iat is in the future');
  const live = findLive({ id, name, clientId }, options);
  requireAudience(aud, live, options);
  if (live.tokensNotBefore !== undefined && iat * 1000 < live.tokensNotBefore) {
    throw new TokenError('the token was issued before tokensNotBefore');
  }
  if (options.address !== undefined && !isAddressAllowed(live.allowedCIDRs, options.address)) throw new AddressError();
  const groups = claims.data.groups.filter((group) => live.groups.includes(group));
  const caller = { id, name, groups, pairName: live.pairName, clientId, issuedAt: iat, expiresAt: exp };
  return typeof aud === 'string' ? { ...caller, audience: aud } : caller;
}

/**
 * Requires the expected audience, which jose has already checked unless listed ones are accepted. A token with an audience
 * is for another recipient if none is expected (RFC 7519 section 4.1.3).
 *
 * @throws TokenError
 */
function requireAudience(
  aud: string | string[] | undefined,
  { audiences }: Live,
  { expected, acceptListed }: VerifyOptions,
): void {
  if (aud === expected.audience || (expected.audience !== undefined && !acceptListed)) return;
  const isListed = acceptListed && typeof aud === 'string' && audiences?.includes(aud);
  if (!isListed) throw new TokenError('the token is for another audience');
}

/** Current state of what a token was issued for. The optional fields are those of the key pair. */
interface Live {
  groups: readonly string[];
  pairName: string | undefined;
  tokensNotBefore?: number | undefined;
  allowedCIDRs?: readonly string[] | undefined;
  audiences?: readonly string[] | undefined;
}

/** @throws TokenError if the key pair or AccessKey of the token is no longer live, or belongs to another user */
function findLive(
  { id, name, clientId }: Pick<Caller, 'id' | 'name' | 'clientId'>,
  { pairs, serviceAccounts, federated, now }: VerifyOptions,
): Live {
  const account = parseUsername(clientId);
  const external = parseFederatedClientId(clientId);
  if (account || external) {
    const user = account ? serviceAccounts.userOf(account, id) : external && federated?.userOf(external, id);
    if (user?.name !== name) {
      throw new TokenError(`no live AccessKey names the ${account ? 'ServiceAccount' : 'subject'} of the token`);
    }
    return { groups: user.groups, pairName: undefined, audiences: user.audiences };
  }
  const found = pairs.find(clientId, now).filter((one) => one.user.id === id && one.user.name === name);
  const live = found.find((one) => liveStates.has(one.state));
  if (!live) throw new TokenError('the key pair of the token is not live');
  const { user, pairName, tokensNotBefore, allowedCIDRs, audiences } = live;
  return { groups: user.groups, pairName, tokensNotBefore, allowedCIDRs, audiences };
}
