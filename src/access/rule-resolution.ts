import type { KubernetesClient } from '../kube/client.ts';

/** How long the answer holds, milliseconds: it changes only with how the API server is started. */
const recheckMs = 60_000;
/** Any will do. */
const namespace = 'default';

/**
 * Whether all rights of the cluster come from authorizers that can list them, such as RBAC. The webhook authorizer, by
 * which clouds add rights of their own, cannot, and says so in each SelfSubjectRulesReview (authorization.k8s.io/v1,
 * `incomplete`). The one of our own identity is asked for. ABAC keeps silent about it.
 *
 * @returns asks: at first, and then at most once a minute without making anybody wait. false when it is not known
 */
export function createRuleResolution(client: KubernetesClient): () => Promise<boolean> {
  let known: boolean | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    askedAt = performance.now();
    try {
      const { status } = await client.authorization.createSelfSubjectRulesReview({ body: { spec: { namespace } } });
      known = status?.incomplete === false;
    } catch {
      // What is known stays; without it every namespace is asked about, which says more about the trouble.
    } finally {
      asking = undefined;
    }
  }

  return async () => {
    if (performance.now() - askedAt >= recheckMs) asking ??= ask();
    if (known === undefined) await asking;
    return known ?? false;
  };
}
