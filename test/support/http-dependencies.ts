import { pino } from 'pino';
import { createLiveServiceAccounts } from '../../src/accesskey/live/live-users.ts';
import { createPairLookup } from '../../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyCaches } from '../../src/accesskey/model/caches.ts';
import { fixedClusters } from '../../src/clusters/cluster.ts';
import { noTrustedProxies } from '../../src/http/common/client-address.ts';
import type { Dependencies } from '../../src/http/common/dependencies.ts';
import { createUserDirectory } from '../../src/users/directory.ts';

/**
 * The dependencies of the platform API, without a cluster. Users may only see what is their own.
 *
 * @param content the AccessKeys and Secrets
 */
export function httpDependencies(
  content: AccessKeyCaches,
  overrides: Partial<Dependencies> & Pick<Dependencies, 'signingKeys' | 'now'>,
): Dependencies {
  return {
    pairs: createPairLookup(content),
    serviceAccounts: createLiveServiceAccounts(content),
    reviewServiceAccount: () => Promise.reject(new Error('no review is expected')),
    lastUsed: { touch: () => undefined },
    clusters: fixedClusters([]),
    users: createUserDirectory(content),
    inventory: { visibleTo: async () => undefined, isOfferedTo: async () => false },
    keyPairs: { caches: content, api: undefined },
    authorizer: {
      mayReviewTokens: async () => false,
      mayReadAccessKeys: async () => false,
      mayChangeKeyPairs: async () => false,
    },
    token: { issuer: 'ghippo.io', defaultCycle: 3, maxCycle: 30 },
    proxies: noTrustedProxies,
    forwardAuthPreflight: 'off',
    allowedOrigins: [],
    secure: false,
    takeTurn: async () => undefined,
    tokenMetrics: { requested: () => undefined, signed: () => undefined },
    httpMetrics: { completed: () => undefined },
    log: pino({ level: 'silent' }),
    ...overrides,
  };
}
