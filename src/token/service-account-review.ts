import { parseUsername, type ServiceAccountName } from '../accesskey/live-service-accounts.ts';
import type { KubernetesClient } from '../kube/client.ts';

/**
 * Asks the cluster whether a token is a genuine ServiceAccount's.
 *
 * @returns whose it is; undefined when it is not genuine, has run out, is for another audience or not a ServiceAccount's
 * @throws KubernetesError, ConnectionError when the cluster cannot be asked
 */
export type ReviewServiceAccount = (token: string) => Promise<ServiceAccountName | undefined>;

/**
 * Reviews by TokenReview (authentication.k8s.io/v1), so that a token bound to a pod or ServiceAccount that is gone is
 * refused too.
 *
 * @param audience the one that tokens must be for. The answer must name it: an authenticator that knows nothing of
 * audiences would accept a token meant for somebody else
 */
export function createServiceAccountReview(client: KubernetesClient, audience: string): ReviewServiceAccount {
  return async (token) => {
    const { status } = await client.authentication.createTokenReview({
      body: { spec: { token, audiences: [audience] } },
    });
    if (status?.authenticated !== true || !status.audiences?.includes(audience)) return undefined;
    return parseUsername(status.user?.username ?? '');
  };
}
