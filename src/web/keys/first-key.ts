import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import { isStatus } from '../../kube/errors.ts';
import type { ExpectedPair } from './await-pair.ts';
import { addPair } from './edits.ts';
import { accessKeyNameFor, detailsOf, type PairInput, type Problems } from './pair-input.ts';
import type { Visitor } from './visitor.ts';

/** Groups that an AccessKey may name. */
export const maxGroups = 16;

/** What there is to choose from for the first key, which makes the AccessKey. */
export interface FirstChoices {
  namespaces: readonly string[];
  groups: readonly string[];
}

/** What is wrong with the choices that only a first key has. */
export function firstProblems({ namespace, groups }: PairInput, first: FirstChoices): Problems {
  const areOwn = groups.length <= maxGroups && groups.every((group) => first.groups.includes(group));
  return {
    ...(!first.namespaces.includes(namespace) && { namespace: 'badNamespace' }),
    ...(!areOwn && { groups: 'badGroups' }),
  };
}

/** Attempts at a name that no other AccessKey has. */
const nameAttempts = 5;

/**
 * Creates the AccessKey of a visitor with its first pair, by their rights.
 *
 * @throws KubernetesError 409 when there is one of each name that was tried; ConnectionError
 */
export async function createFirst({ user, api }: Visitor, input: PairInput): Promise<ExpectedPair> {
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
