import { type Actor, annotateChanges, lastChange } from '../../accesskey/change/last-change.ts';
import {
  type AccessKeyRecord,
  type SelfServicePerson,
  selfServiceAnnotations,
} from '../../accesskey/model/access-key-record.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { ClaimedUser } from '../oidc/claims.ts';
import type { KeyApi } from './key-api.ts';
import { limitToOwnAccessKey } from './key-pair-sign-in.ts';

interface PersonLimits {
  /** The AccessKey of the person; undefined if it is not created yet. */
  accessKey: AccessKeyRecord | undefined;
  user: ClaimedUser;
  person: SelfServicePerson;
  /** Where the AccessKey is, or may be created. */
  namespace: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Limits the operator's permissions to the AccessKey of a person: as with a key pair, and creating it. */
export function limitToPerson(api: KeyApi, { accessKey, user, person, namespace, now }: PersonLimits): KeyApi {
  let own: { namespace: string; name: string; uid: string } | undefined = accessKey;
  const annotatedApi = annotateChanges(api, actorOf(user), now);
  const ownApi = (): KeyApi => {
    if (!own) throw new ConsoleError('rejectedNoAccessKey', {}, 404);
    return limitToOwnAccessKey(annotatedApi, { accessKey: own, pair: undefined, signIn: 'manage', now });
  };
  return {
    async read(...of) {
      const fetched = await ownApi().read(...of);
      if (!isOfPerson(fetched, person) || fetched.spec.user.name !== user.name)
        throw new ConsoleError('ssoForeignAccessKey', { user: user.name });
      return fetched;
    },
    async create(to, name, spec) {
      const { name: specUser, groups = [] } = spec.user;
      const isAllowed =
        !own && to === namespace && specUser === user.name && groups.every((one) => user.groups.includes(one));
      if (!isAllowed) throw new ConsoleError('rejectedNotOwn');
      const { issuer, subject } = selfServiceAnnotations;
      const annotations = {
        ...{ [issuer]: person.issuer, [subject]: person.subject },
        ...lastChange(actorOf(user), ['created'], now()),
      };
      const uid = await api.create(to, name, spec, annotations);
      own = { namespace: to, name, uid };
      return uid;
    },
    replaceKeyPairs: (...change) => ownApi().replaceKeyPairs(...change),
    readPair: (...of) => ownApi().readPair(...of),
    may: async (permission) => permission.verb === 'create' && permission.namespace === namespace && !own,
  };
}

/** @returns the person as the author of changes */
export function actorOf({ name }: ClaimedUser): Actor {
  return { actor: name, signedInWith: 'single sign-on' };
}

/** Whether self-service created the AccessKey for this person. */
export function isOfPerson({ selfService }: AccessKeyRecord, { issuer, subject }: SelfServicePerson): boolean {
  return selfService?.issuer === issuer && selfService.subject === subject;
}
