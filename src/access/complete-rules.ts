import type { KubernetesClient } from '../kube/client.ts';
import { resources } from '../kube/resource.ts';

/** How long the answer is cached, milliseconds: it depends only on the flags of the API server. */
const recheckMs = 60_000;
/** The answer is the same in every namespace. */
const namespace = 'default';

interface RulesReview {
  status?: { incomplete: boolean };
}

/**
 * Checks whether all permissions of the cluster come from authorizers that can list their rules, such as RBAC. Webhook
 * authorizers, which some cloud providers use, cannot; a SelfSubjectRulesReview (authorization.k8s.io/v1) of the operator
 * itself then returns `incomplete`. ABAC is not detected.
 *
 * @returns a function that waits for the first review and then refreshes in the background, at most once a minute; its
 *   result is false if the answer is not known
 */
export function createCompleteRulesCheck(client: KubernetesClient): () => Promise<boolean> {
  let isComplete: boolean | undefined;
  let reviewedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    reviewedAt = performance.now();
    try {
      const { status } = await client.create<RulesReview>(resources.selfSubjectRulesReviews, {
        spec: { namespace },
      });
      isComplete = status?.incomplete === false;
    } catch {
      // Keeps the last answer. Without one every namespace is checked, and those reviews report the error.
    } finally {
      pending = undefined;
    }
  }

  return async () => {
    if (performance.now() - reviewedAt >= recheckMs) pending ??= refresh();
    if (isComplete === undefined) await pending;
    return isComplete ?? false;
  };
}
