import { diffKeyPairs } from '../../accesskey/change/diff.ts';
import type { KeyChange } from '../../http/common/audit.ts';
import type { Session } from '../session/session.ts';
import type { KeyApi } from './key-api.ts';

/** What happened to a key pair, without the actor. */
type RecordedChange = Pick<KeyChange, 'action' | 'accessKey' | 'pairName' | 'user'>;

/**
 * Records every change of a key pair that succeeds, whichever page makes it.
 *
 * @param record called once for each key pair
 */
export function auditedKeyApi(api: KeyApi, record: (change: RecordedChange) => void): KeyApi {
  return {
    ...api,
    async create(namespace, name, spec, annotations) {
      const uid = await api.create(namespace, name, spec, annotations);
      const shared = { accessKey: `${namespace}/${name}`, user: spec.user.name };
      for (const change of diffKeyPairs([], spec.keyPairs ?? [])) record({ ...change, ...shared });
      return uid;
    },
    async replaceKeyPairs(fetched, keyPairs, additional) {
      await api.replaceKeyPairs(fetched, keyPairs, additional);
      const shared = { accessKey: `${fetched.namespace}/${fetched.name}`, user: fetched.spec.user.name };
      const changes = diffKeyPairs(fetched.spec.keyPairs ?? [], keyPairs);
      for (const change of changes) record({ ...change, ...shared });
      // Audiences apply to all key pairs.
      const others = keyPairs.filter(({ name }) => !changes.some(({ pairName }) => pairName === name));
      if (additional?.audiences) for (const { name } of others) record({ action: 'edited', pairName: name, ...shared });
    },
  };
}

/** @returns how the user of a session has signed in, for audit records */
export function signInMethodOf(session: Session): KeyChange['signedInWith'] {
  if (session.kind === 'pair') return 'key pair';
  if (session.kind === 'proxy') return 'authenticating proxy';
  return session.kind === 'self-service' || session.sso !== undefined ? 'single sign-on' : 'Kubernetes token';
}
