/**
 * Sessions with single sign-on in a cluster that does not know the issuer: users manage the AccessKey of their own user in
 * one namespace, with the permissions of the operator, as with a key pair. manifests/base/console-policy.yaml limits what
 * the operator can do in addition to that: create such AccessKeys, and remove groups from them.
 */
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Logger } from 'pino';
import { lastChange } from '../../accesskey/change/last-change.ts';
import { type AccessKeyRecord, accessKeys, type SelfServicePerson } from '../../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { consoleFieldManager as fieldManager } from '../../accesskey/model/field-managers.ts';
import type { KubernetesClient } from '../../kube/client.ts';
import { retryOnConflict } from '../../kube/retry-on-conflict.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { MessageKey } from '../common/language.ts';
import { type ClaimedUser, type ClaimProblem, type ClaimRules, userOfClaims } from '../oidc/claims.ts';
import type { Session } from '../session/session.ts';
import { accessKeyNameFor } from './access-key-name.ts';
import type { KeyApi } from './key-api.ts';
import { actorOf, isOfPerson, limitToPerson } from './limit-to-person.ts';

/** The part of web.oidc that self-service needs. */
export interface SelfServiceSettings extends ClaimRules {
  accessMode?: 'token' | 'self-service';
  selfService?: { namespace: string } | undefined;
}

export interface SelfServiceDependencies {
  caches: AccessKeyCaches;
  /** Both have the permissions of the operator. */
  api: KeyApi;
  client: KubernetesClient;
  singleSignOn?: { options: SelfServiceSettings } | undefined;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** What a person may do, see `Visitor`. */
export interface SelfServiceAccess {
  user: ClaimedUser;
  accessKey: AccessKeyRecord | undefined;
  api: KeyApi;
  may: { create: boolean; manage: boolean; namespace: string; name: string };
}

const problems: Record<ClaimProblem, MessageKey> = {
  missingName: 'ssoNoName',
  unverifiedEmail: 'ssoUnverifiedEmail',
  invalidName: 'ssoInvalidName',
  systemName: 'ssoInvalidName',
  invalidGroups: 'ssoInvalidGroups',
};

/**
 * @returns a function that returns what the person of a session may do, or undefined if self-service is not configured;
 * it throws ConsoleError if the claims name no user, or if the AccessKey of another person holds the user;
 * KubernetesError, ConnectionError
 */
export function createSelfService({ caches, api, client, singleSignOn, log, now }: SelfServiceDependencies) {
  const { options } = singleSignOn ?? {};
  const namespace = options?.selfService?.namespace;

  /** @throws ConsoleError if another AccessKey holds the user */
  function findOwn(user: string, person: SelfServicePerson): AccessKeyRecord | undefined {
    const holder = caches.accessKeys.get(caches.userHolders.holderOf(user) ?? '');
    if (holder && (holder.namespace !== namespace || !isOfPerson(holder, person)))
      throw new ConsoleError('ssoForeignAccessKey', { user });
    return holder;
  }

  /** Removes groups that the user has lost at the identity provider. New groups are not added. */
  async function removeLostGroups({ key, namespace, name }: AccessKeyRecord, user: ClaimedUser): Promise<void> {
    const { uid, resourceVersion, spec } = await api.read(namespace, name);
    const lost = (spec.user.groups ?? []).filter((group) => !user.groups.includes(group));
    if (lost.length === 0) return;
    const groups = (spec.user.groups ?? []).filter((group) => user.groups.includes(group));
    const annotations = lastChange(actorOf(user), ['removed groups'], now());
    const patch = { metadata: { uid, resourceVersion, annotations }, spec: { user: { groups } } };
    await client.patch({ ...accessKeys, namespace, name }, patch, { fieldManager });
    log.info(
      { audit: true, event: 'web.groups-removed', user: user.name, accessKey: key, groups: lost },
      'removed groups',
    );
  }

  return async (session: Session & { kind: 'self-service' }): Promise<SelfServiceAccess | undefined> => {
    if (options?.accessMode !== 'self-service' || namespace === undefined) return undefined;
    const claims = decodeJwt(session.token);
    // A session from before the issuer was changed: its sub may belong to another person at the new one.
    if (!isSameIssuer(claims.iss, options.issuer)) return undefined;
    const claimed = userOfClaims(claims, options);
    if (typeof claimed === 'string') throw new ConsoleError(problems[claimed]);
    const person = { issuer: options.issuer, subject: session.sso.sub };
    const accessKey = findOwn(claimed.name, person);
    if (accessKey && hasLostGroups(accessKey, claimed))
      await retryOnConflict(() => removeLostGroups(accessKey, claimed));
    const groups = accessKey
      ? (accessKey.spec.user.groups ?? []).filter((one) => claimed.groups.includes(one))
      : claimed.groups;
    return {
      user: { name: claimed.name, groups },
      accessKey,
      api: limitToPerson(api, { accessKey, user: claimed, person, namespace, now }),
      may: { create: accessKey === undefined, manage: true, namespace, name: nameFor(claimed.name, person) },
    };
  };
}

/** One name for each person, so that two tabs cannot create two AccessKeys. */
function nameFor(user: string, { issuer, subject }: SelfServicePerson): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('hex')
    .slice(0, 10);
  return `${accessKeyNameFor(user)}-${hash}`;
}

function isSameIssuer(iss: string | undefined, issuer: string): boolean {
  return URL.parse(iss ?? '')?.href === new URL(issuer).href;
}

function hasLostGroups({ spec }: AccessKeyRecord, { groups }: ClaimedUser): boolean {
  return (spec.user.groups ?? []).some((group) => !groups.includes(group));
}
