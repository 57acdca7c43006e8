import { type AccessKeyRecord, type KeyPairStatus, lastUseOf } from '../accesskey/model/access-key-record.ts';
import type { CurrentUser, User } from './schema.ts';

/** The platform's name for accounts that it manages itself. */
const source = 'locale';

/**
 * Converts an AccessKey to a user of the ghippo API.
 *
 * @param now milliseconds since the epoch
 */
export function projectUser({ uid, spec, status, creationTimestamp, updatedAt }: AccessKeyRecord, now: number): User {
  const { name, email = '', description = '', firstName = '', lastName = '' } = spec.user;
  return {
    id: uid,
    name,
    email,
    description,
    firstname: firstName,
    lastname: lastName,
    source,
    enabled: spec.suspended !== true,
    createdAt: milliseconds(creationTimestamp),
    updatedAt: updatedAt === creationTimestamp ? '0' : milliseconds(updatedAt),
    lastLoginAt: lastLoginOf(status.keyPairs ?? [], now),
    canAuthorize: false,
  };
}

/** Converts the AccessKey of the caller to the current user of the ghippo API. */
export function projectCurrentUser({ uid, spec }: AccessKeyRecord): CurrentUser {
  const { name, email = '', firstName = '', lastName = '' } = spec.user;
  return {
    uid,
    username: name,
    email,
    firstname: firstName,
    lastname: lastName,
    locale: '',
    source,
    phoneNumber: '',
    canTransferToMain: false,
    hasCertified: false,
    isMainAccount: false,
    isSubAccount: false,
    mainAccountId: '',
    mainAccountName: '',
    mainAccountWorkspace: '0',
    inviteUrl: '',
    inviteCode: '',
  };
}

/** @param time RFC 3339 */
function milliseconds(time: string): string {
  return String(Date.parse(time));
}

/** RFC 3339 times in UTC with whole seconds sort like text. */
function lastLoginOf(pairs: readonly KeyPairStatus[], now: number): string {
  const last = pairs
    .flatMap((pair) => lastUseOf(pair, now) ?? [])
    .sort()
    .at(-1);
  return last === undefined ? '0' : milliseconds(last);
}
