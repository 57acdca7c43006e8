import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import { isStatus } from '../../kube/errors.ts';
import type { ExpectedPair } from './await-pair.ts';
import { accessKeyNameFor, detailsOf, type PairInput, type Problems } from './pair-input.ts';
import { addPair } from './pair-list.ts';
import type { Visitor } from './visitor.ts';

/** Maximum of the groups of an AccessKey. */
export const maxGroups = 16;

/** The additional choices of the first key, with which the AccessKey is created. */
export interface FirstChoices {
  namespaces: readonly string[];
  groups: readonly string[];
}

/** Validates the additional choices of the first key. */
export function validateFirstChoices({ namespace, groups }: PairInput, first: FirstChoices): Problems {
  const areOwn = groups.length <= maxGroups && groups.every((group) => first.groups.includes(group));
  return {
    ...(!first.namespaces.includes(namespace) && { namespace: 'badNamespace' }),
    ...(!areOwn && { groups: 'badGroups' }),
  };
}

/** Attempts to find an AccessKey name that is not taken. */
const nameAttempts = 5;

/**
 * Creates the AccessKey of a visitor with its first pair, with the visitor's permissions.
 *
 * @throws KubernetesError 409 if every attempted name is taken; ConnectionError
 */
export async function createFirstKey({ user, api }: Visitor, input: PairInput): Promise<ExpectedPair> {
  const { namespace, groups, name: pair } = input;
  const spec = {
    user: { name: user.name, ...(groups.length > 0 && { groups: [...groups] }) },
    keyPairs: addPair([], pair, detailsOf(input)),
  } as AccessKeyRecord['spec'];
  const base = accessKeyNameFor(user.name);
  for (let attempt = 1; ; attempt += 1) {
    const accessKey = attempt === 1 ? base : `${base}-${attempt}`;
    try {
      await api.create(namespace, accessKey, spec);
      return { namespace, accessKey, pair, revision: 1 };
    } catch (error) {
      if (!isStatus(error, 409) || attempt === nameAttempts) throw error;
    }
  }
}
