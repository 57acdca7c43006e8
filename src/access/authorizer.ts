import { LRUCache } from 'lru-cache';
import type { KubernetesClient } from '../kube/client.ts';

/** A user as the cluster's authorizers see one. */
export interface Subject {
  name: string;
  groups: readonly string[];
}

/** Asks the cluster who may see what. */
export interface Authorizer {
  /**
   * Whether the user may list deployments.
   *
   * @param namespace the namespace; undefined asks for all namespaces at once
   * @throws KubernetesError, ConnectionError when the cluster cannot be asked
   */
  mayListDeployments(subject: Subject, namespace?: string): Promise<boolean>;
  /**
   * Whether the user may get the deployment of this name, which need not exist.
   *
   * @throws KubernetesError, ConnectionError when the cluster cannot be asked
   */
  mayGetDeployment(subject: Subject, namespace: string, name: string): Promise<boolean>;
  /**
   * Whether the user may create TokenReviews: who may ask the cluster about anybody's token may ask us.
   *
   * @throws KubernetesError, ConnectionError when the cluster cannot be asked
   */
  mayReviewTokens(subject: Subject): Promise<boolean>;
}

/** What is told of the reviews that the cluster was asked for. */
export interface AccessMetrics {
  reviewed(result: 'allowed' | 'denied' | 'error'): void;
}

/** Bound of remembered decisions. */
const maxDecisions = 10_000;

/** What is asked for (authorization.k8s.io/v1, ResourceAttributes). */
interface Attributes {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  /** For RBAC's resourceNames. */
  name?: string;
}

interface Question {
  subject: Subject;
  attributes: Attributes;
}

/**
 * Decides by SubjectAccessReview (authorization.k8s.io/v1), so all of the cluster's authorizers have their say. Decisions
 * are remembered for a while; equal questions under way share one review; failures are not remembered.
 *
 * @param cacheSeconds how long a decision holds: a right that is taken away is gone after that long
 * @param metrics told of each review; by default nobody is
 */
export function createAuthorizer(
  client: KubernetesClient,
  cacheSeconds: number,
  metrics: AccessMetrics = { reviewed: () => undefined },
): Authorizer {
  const decisions = new LRUCache<string, { allowed: boolean }, Question>({
    max: maxDecisions,
    ttl: cacheSeconds * 1000,
    fetchMethod: async (_key, _stale, { context }) => ({ allowed: await measuredReview(client, context, metrics) }),
  });
  async function isAllowed(subject: Subject, attributes: Attributes): Promise<boolean> {
    const { verb, group, resource, namespace = null, name = null } = attributes;
    const key = JSON.stringify([subject.name, [...subject.groups].sort(), verb, group, resource, namespace, name]);
    const decision = await decisions.fetch(key, { context: { subject, attributes } });
    return decision?.allowed === true;
  }
  return {
    mayListDeployments: (subject, namespace) =>
      isAllowed(subject, {
        ...{ verb: 'list', group: 'apps', resource: 'deployments' },
        ...(namespace !== undefined && { namespace }),
      }),
    mayGetDeployment: (subject, namespace, name) =>
      isAllowed(subject, { verb: 'get', group: 'apps', resource: 'deployments', namespace, name }),
    mayReviewTokens: (subject) =>
      isAllowed(subject, { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' }),
  };
}

async function measuredReview(client: KubernetesClient, question: Question, metrics: AccessMetrics): Promise<boolean> {
  try {
    const allowed = await review(client, question);
    metrics.reviewed(allowed ? 'allowed' : 'denied');
    return allowed;
  } catch (error) {
    metrics.reviewed('error');
    throw error;
  }
}

async function review(client: KubernetesClient, { subject, attributes }: Question): Promise<boolean> {
  const answer = await client.authorization.createSubjectAccessReview({
    body: {
      spec: {
        user: subject.name,
        // As the API server itself does for whoever has signed in.
        groups: [...new Set([...subject.groups, 'system:authenticated'])],
        resourceAttributes: attributes,
      },
    },
  });
  return answer.status?.allowed === true;
}
