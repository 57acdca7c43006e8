/**
 * The annotation with the last change that the operator made for a user. The audit log of the cluster names only the
 * operator for such changes. manifests/base/console-policy.yaml keeps others from setting it.
 */
import { lastChangeAnnotation } from '../model/last-write.ts';
import { formatTime } from '../model/time.ts';
import type { AccessKeyApi } from './access-key-api.ts';
import { diffKeyPairs } from './diff.ts';

/** Who makes changes, and with which credential. */
export interface Actor {
  actor: string;
  signedInWith: string;
}

/** Maximum length of a user name in an AccessKey, characters. */
const maxActor = 253;

/**
 * @param changes verb and object of each change, such as `rotated main`; no secrets
 * @param now milliseconds since the epoch
 * @returns the annotation; its length is bounded, because names and the number of key pairs are
 */
export function lastChange({ actor, signedInWith }: Actor, changes: readonly string[], now: number) {
  const name = [...actor].slice(0, maxActor).join('');
  const value = { time: formatTime(now), actor: name, signedInWith, changes };
  return { [lastChangeAnnotation]: JSON.stringify(value) };
}

/**
 * @returns the API, which annotates each change of key pairs with the actor. It makes no additional change: with the
 *   permissions of the operator, users change nothing but key pairs
 */
export function annotateChanges<Api extends AccessKeyApi>(api: Api, actor: Actor, now: () => number): Api {
  return {
    ...api,
    replaceKeyPairs(fetched, keyPairs) {
      const changes = diffKeyPairs(fetched.spec.keyPairs ?? [], keyPairs);
      const texts = changes.map(({ action, pairName }) => `${action} ${pairName}`);
      return api.replaceKeyPairs(fetched, keyPairs, { annotations: lastChange(actor, texts, now()) });
    },
  };
}
