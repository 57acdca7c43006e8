import type { AccessKeyRecord } from '../accesskey/model/access-key-record.ts';
import type { CurrentUser, User } from './schema.ts';

/** An AccessKey as the ghippo API shows a user. */
export function projectUser({ uid, spec, status, creationTimestamp, updatedAt }: AccessKeyRecord): User {
  const { name, email = '', description = '', firstName = '', lastName = '' } = spec.user;
  return {
    ...{ id: uid, name, email, description, firstname: firstName, lastname: lastName },
    source: '',
    enabled: spec.suspended !== true,
    createdAt: creationTimestamp,
    updatedAt,
    lastLoginAt: lastUseOf(status.keyPairs ?? []),
    canAuthorize: false,
  };
}

/** An AccessKey as the ghippo API shows who asks. */
export function projectCurrentUser({ uid, spec }: AccessKeyRecord): CurrentUser {
  const { name, email = '', firstName = '', lastName = '' } = spec.user;
  return {
    ...{ uid, username: name, email, firstname: firstName, lastname: lastName },
    ...{ locale: '', source: '', phoneNumber: '' },
    ...{ canTransferToMain: false, hasCertified: false, isMainAccount: false, isSubAccount: false },
    ...{ mainAccountId: '', mainAccountName: '', mainAccountWorkspace: '0' },
    ...{ inviteUrl: '', inviteCode: '' },
  };
}

/** Times of one form are ordered as text is. */
function lastUseOf(pairs: readonly { lastUsedTime?: string }[]): string {
  const times = pairs.flatMap(({ lastUsedTime }) => lastUsedTime ?? []);
  return times.sort().at(-1) ?? '';
}
