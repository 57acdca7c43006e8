import { annotations } from '../../credential/secret-format.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { type AccessKeyCaches, isBeingDeleted, nameHoldersFor } from '../model/caches.ts';
import type { Observed } from './plan.ts';

/** Reads from the caches what a plan depends on. */
export function observe(caches: AccessKeyCaches, accessKey: AccessKeyRecord): Observed {
  const owned = caches.secrets.byIndex('ownerUID', accessKey.uid);
  return {
    accessKey,
    beingDeleted: isBeingDeleted(caches, accessKey),
    userHolder: caches.userHolders.holderOf(accessKey.spec.user.name),
    secrets: owned.filter((secret) => secret.namespace === accessKey.namespace),
    nameHolders: nameHoldersFor(caches, accessKey),
  };
}

/**
 * Whether a Secret of this name may belong to the AccessKey. False only if the cache shows that the Secret belongs to
 * another existing AccessKey, or that it has no owner and is not marked for adoption by this one.
 */
export function mayOwn({ secrets, accessKeys }: AccessKeyCaches, { key, namespace, name }: AccessKeyRecord) {
  return (secretName: string): boolean => {
    const cached = secrets.get(`${namespace}/${secretName}`);
    if (!cached) return true;
    if (cached.ownerUID === undefined) return cached.annotations[annotations.adopt]?.startsWith(`${name}/`) === true;
    return accessKeys.byIndex('uid', cached.ownerUID).every((owner) => owner.key === key);
  };
}

/** @returns the resourceVersion of each Secret by its name */
export function versionsOf({ secrets }: Observed): ReadonlyMap<string, string> {
  return new Map(secrets.map(({ name, resourceVersion }) => [name, resourceVersion]));
}
