import { timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { annotateChanges } from '../../accesskey/change/last-change.ts';
import type { FoundPair, PairLookup } from '../../accesskey/live/pair-lookup.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { isAddressAllowed } from '../../accesskey/model/networks.ts';
import { liveStates } from '../../accesskey/model/pair-state.ts';
import { createKubernetesClient } from '../../kube/client.ts';
import { ifFound } from '../../kube/errors.ts';
import { isSystemName } from '../../kube/names.ts';
import type { Transport } from '../../kube/transport.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { TransportFor } from '../common/fair-transports.ts';
import { isNameable } from '../oidc/claims.ts';
import type { EndedSignOns } from '../oidc/ended-sign-ons.ts';
import type { ClusterUser, ReviewToken } from '../session/identity.ts';
import type { Session } from '../session/session.ts';
import { signInMethodOf } from './audited-api.ts';
import { createKeyApi, type KeyApi } from './key-api.ts';
import { type KeyPairSignIn, limitToOwnAccessKey } from './key-pair-sign-in.ts';
import { createSelfService, type SelfServiceSettings } from './self-service.ts';

/** The signed-in person of a request, with what they may do. */
export interface Visitor {
  session: Session;
  user: ClusterUser;
  /** Their AccessKey, undefined if they have none. */
  accessKey: { namespace: string; name: string; uid: string } | undefined;
  /** Name of the pair with which they are signed in, if they are. */
  pairName?: string;
  /** Calls Kubernetes with their permissions. */
  api: KeyApi;
  /** What the sign-in method allows. With a token, RBAC decides everything else. */
  may: {
    create: boolean;
    manage: boolean;
    /** Namespace and name of the AccessKey to create, if the visitor cannot choose them. */
    namespace?: string;
    name?: string;
  };
}

/** What is needed to resolve a session to its visitor. */
export interface VisitorDependencies {
  caches: AccessKeyCaches;
  pairs: PairLookup;
  reviewToken: ReviewToken;
  /** Sends requests with the operator's own permissions. */
  transport: Transport;
  /** Transports with the permissions of a token. */
  transportFor: TransportFor;
  options: { keyPairSignIn: KeyPairSignIn; tokenSignIn?: boolean };
  /** Undefined if single sign-on is not configured. */
  singleSignOn?: { options: SelfServiceSettings; ended?: Pick<EndedSignOns, 'has'> | undefined } | undefined;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Resolves sessions to visitors. Each call checks that the cluster still accepts the token, or that the pair is still
 * live and allows the client address.
 *
 * @returns a function that returns the visitor of a session, or undefined if the session has ended; it throws
 * KubernetesError and ConnectionError
 */
export function createVisitors(
  dependencies: VisitorDependencies,
): (session: Session, address: string) => Promise<Visitor | undefined> {
  const { caches, pairs, reviewToken, transport, transportFor, now } = dependencies;
  const { keyPairSignIn, tokenSignIn } = dependencies.options;
  const operatorApi = createKeyApi(transport);
  const fromSelfService = createSelfService({
    ...dependencies,
    api: operatorApi,
    client: createKubernetesClient(transport),
  });

  async function fromToken(
    session: Session & { kind: 'token' | 'proxy' },
    address: string,
  ): Promise<Visitor | undefined> {
    if (session.kind === 'token' && session.sso === undefined && tokenSignIn === false) return undefined;
    const user = await reviewToken(session.token, address);
    if (!user) return undefined;
    const accessKey = caches.accessKeys.get(caches.userHolders.holderOf(user.name) ?? '');
    return {
      session,
      user,
      accessKey,
      api: createKeyApi(transportFor(session.token, user.name)),
      may: { create: true, manage: true },
    };
  }

  function fromPair(session: Session & { kind: 'pair' }, address: string): Visitor | undefined {
    if (keyPairSignIn === 'off') return undefined;
    const live = pairs.find(session.ak, now()).filter((one) => liveStates.has(one.state));
    const pair = live.find((one) => hasDigest(one, session.digest));
    const accessKey = pair && caches.accessKeys.byIndex('uid', pair.user.id)[0];
    if (!pair || !accessKey || !isAddressAllowed(pair.allowedCIDRs, address)) return undefined;
    const actor = { actor: pair.user.name, signedInWith: signInMethodOf(session) };
    const annotatedApi = annotateChanges(operatorApi, actor, now);
    const api = limitToOwnAccessKey(annotatedApi, { accessKey, pair, signIn: keyPairSignIn, now });
    const may = { create: false, manage: keyPairSignIn === 'manage' };
    return { session, user: pair.user, accessKey, pairName: pair.pairName, api, may };
  }

  /** @throws ConsoleError 503 while the ended sign-ons are unknown */
  function hasEnded(session: Session): boolean {
    const ended = dependencies.singleSignOn?.ended;
    if (!ended || session.kind === 'pair' || session.kind === 'proxy' || !session.sso) return false;
    const isEnded = ended.has(session.sso);
    if (isEnded === undefined) throw new ConsoleError('errorSignInUnavailable', {}, 503);
    return isEnded;
  }

  return async (session, address) => {
    if (hasEnded(session)) return undefined;
    if (session.kind === 'pair') return fromPair(session, address);
    if (session.kind !== 'self-service') return fromToken(session, address);
    const access = await fromSelfService(session);
    return access && { session, ...access };
  };
}

/**
 * @returns a function that returns whether a session has ended; it never rejects, and returns false while the cluster
 * cannot be reached
 */
export function createSessionCheck(
  dependencies: VisitorDependencies,
): (session: Session, address: string) => Promise<boolean> {
  const visitorOf = createVisitors(dependencies);
  return (session, address) =>
    visitorOf(session, address).then(
      (visitor) => visitor === undefined,
      () => false,
    );
}

function hasDigest({ digest }: FoundPair, encoded: string): boolean {
  const bytes = Buffer.from(encoded, 'base64url');
  return bytes.length === digest.length && timingSafeEqual(bytes, digest);
}

/**
 * Reads the visitor's AccessKey with their permissions.
 *
 * @returns undefined if they have none, or if it is being deleted
 * @throws KubernetesError 403 if they may not read it
 */
export async function readAccessKey({ accessKey, api }: Visitor): Promise<FetchedAccessKey | undefined> {
  if (!accessKey) return undefined;
  const fetched = await ifFound(api.read(accessKey.namespace, accessKey.name));
  return fetched?.deleting ? undefined : fetched;
}

/**
 * @returns the groups of a user that an AccessKey can name: not those of Kubernetes itself, and valid in the CRD;
 * authenticators accept any text, even an empty one
 */
export function ownGroups({ groups }: Pick<ClusterUser, 'groups'>): string[] {
  return groups.filter((group) => !isSystemName(group) && isNameable(group));
}
