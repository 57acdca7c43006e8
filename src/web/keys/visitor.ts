import { timingSafeEqual } from 'node:crypto';
import type { FoundPair, LivePairs } from '../../accesskey/live/live-pairs.ts';
import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { liveStates } from '../../accesskey/model/pair-state.ts';
import { isStatus } from '../../kube/errors.ts';
import type { Transport } from '../../kube/transport.ts';
import type { ClusterUser, ReviewToken } from '../session/identity.ts';
import type { Session } from '../session/session.ts';
import { createKeyApi, type KeyApi, type LiveAccessKey } from './api.ts';
import { type KeyPairSignIn, limitToOwn } from './own-api.ts';

/** Who is signed in, and what they work with. */
export interface Visitor {
  session: Session;
  user: ClusterUser;
  /** Where their AccessKey is, undefined when they have none. */
  own: { namespace: string; name: string; uid: string } | undefined;
  api: KeyApi;
  /** What the sign-in allows. With a token the cluster's RBAC decides alone. */
  may: { create: boolean; manage: boolean };
}

export interface VisitorOptions {
  caches: AccessKeyCaches;
  pairs: LivePairs;
  reviewToken: ReviewToken;
  /** By the operator's own rights. */
  transport: Transport;
  /** By the rights of a token. */
  withToken(token: string): Transport;
  keyPairSignIn: KeyPairSignIn;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Finds out who a session is of, as things are now: a token that the cluster does not accept any more, and a pair that is
 * not live any more, end it.
 *
 * @returns takes a session; gives undefined when it is over; throws KubernetesError and ConnectionError
 */
export function createVisitors(options: VisitorOptions): (session: Session) => Promise<Visitor | undefined> {
  const { caches, pairs, reviewToken, transport, withToken, keyPairSignIn, now } = options;
  const operatorApi = createKeyApi(transport);

  async function byToken(session: Session & { kind: 'token' }): Promise<Visitor | undefined> {
    const user = await reviewToken(session.token);
    if (!user) return undefined;
    const api = createKeyApi(withToken(session.token));
    return { session, user, own: ownOf(caches, user.name), api, may: { create: true, manage: true } };
  }

  function byPair(session: Session & { kind: 'pair' }): Visitor | undefined {
    if (keyPairSignIn === 'off') return undefined;
    const live = pairs.find(session.ak, now()).filter((one) => liveStates.has(one.state));
    const found = live.find((one) => isDigest(one, session.digest));
    const own = found && caches.accessKeys.byIndex('uid', found.user.id)[0];
    if (!found || !own) return undefined;
    const api = limitToOwn(operatorApi, { own, pair: found, signIn: keyPairSignIn, now });
    return { session, user: found.user, own, api, may: { create: false, manage: keyPairSignIn === 'manage' } };
  }

  return async (session) => (session.kind === 'token' ? byToken(session) : byPair(session));
}

/**
 * Tells whether a session is over. While the cluster cannot be asked that is not known, and no reason to end anything.
 *
 * @returns takes a session; never rejects
 */
export function createSessionCheck(
  options: Omit<VisitorOptions, 'keyPairSignIn'> & { options: Pick<VisitorOptions, 'keyPairSignIn'> },
): (session: Session) => Promise<boolean> {
  const visitorOf = createVisitors({ ...options, ...options.options });
  return (session) =>
    visitorOf(session).then(
      (visitor) => visitor === undefined,
      () => false,
    );
}

function isDigest({ digest }: FoundPair, given: string): boolean {
  const bytes = Buffer.from(given, 'base64url');
  return bytes.length === digest.length && timingSafeEqual(bytes, digest);
}

/** The AccessKey that holds the claim on a user. */
function ownOf(caches: AccessKeyCaches, user: string): AccessKeyRecord | undefined {
  const key = caches.userHolders.holderOf(user);
  return key === undefined ? undefined : caches.accessKeys.get(key);
}

/**
 * Reads the visitor's AccessKey by their rights.
 *
 * @returns undefined when there is none, also when it has just gone
 * @throws KubernetesError 403 when they may not get it
 */
export async function readOwn({ own, api }: Visitor): Promise<LiveAccessKey | undefined> {
  if (!own) return undefined;
  try {
    const live = await api.read(own.namespace, own.name);
    return live.deleting ? undefined : live;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}
