import { hash } from 'node:crypto';
import type { KubernetesClient } from '../kube/client.ts';
import { isDnsLabel, isDnsSubdomain, parseUsername, shareOf } from '../kube/names.ts';
import { createDecisions, type ReviewCount } from './decisions.ts';
import { createFairLimit } from './limit.ts';
import { type AccessSubject, type Attributes, localReview, type Question, review } from './review.ts';
import { createVisibility, type NamespacesToCheck, type VisibleNamespaces } from './visibility.ts';

export type { AccessSubject } from './review.ts';

/** An AccessKey and the user that it names. */
export interface NamedAccessKey {
  namespace: string;
  name: string;
  user: { name: string; groups: readonly string[] };
}

/**
 * Access decisions. All functions throw KubernetesError or ConnectionError if the cluster is unavailable, and UndecidedError
 * if there was no decision in time.
 */
export interface Authorizer {
  /**
   * Whether the user may list deployments.
   *
   * @param namespace if undefined, all namespaces
   */
  mayListDeployments(subject: AccessSubject, namespace?: string): Promise<boolean>;
  /** Whether the user may get the deployment of this name, which need not exist. */
  mayGetDeployment(subject: AccessSubject, namespace: string, name: string): Promise<boolean>;
  /** Whether the user may create TokenReviews. A user who may have tokens reviewed by the cluster may introspect ours. */
  mayReviewTokens(subject: AccessSubject): Promise<boolean>;
  /**
   * Whether the user could change the key pairs of an AccessKey with kubectl: patch it, and impersonate its user and all its
   * groups, as the admission policy requires. Always false for an operator with permissions in single namespaces only, which
   * cannot review the permission to impersonate.
   */
  mayChangeKeyPairs(subject: AccessSubject, accessKey: NamedAccessKey): Promise<boolean>;
  /** Whether the user may read the AccessKeys of all namespaces, and so may see their users. */
  mayReadAccessKeys(subject: AccessSubject, verb: 'get' | 'list'): Promise<boolean>;
  /** The namespaces in which the user may list deployments. */
  visibleNamespaces: VisibleNamespaces;
  /** The namespaces in which the user may list AccessKeys. */
  visibleAccessKeys: VisibleNamespaces;
}

/** Metrics of access decisions. */
export interface AccessMetrics {
  /** Called for each review. */
  reviewed(result: 'allowed' | 'denied' | 'error'): void;
  /** Called when a stale decision is used because the cluster is unavailable. */
  usedStaleDecision(): void;
  /** Called with the number of reviews of each listing. */
  listed(reviews: number): void;
}

/** For an operator with permissions in single namespaces only, which uses LocalSubjectAccessReviews. */
export interface NamespacedReviews {
  /** The only namespace whose deployments are shown. */
  watchNamespace: string;
  /**
   * The operator's namespace. A TokenReview has no namespace, but a LocalSubjectAccessReview needs one: the permission to
   * create TokenReviews is reviewed in this one.
   */
  namespace: string;
}

export interface AuthorizerOptions {
  client: KubernetesClient;
  /** Lifetime of a cached decision, seconds: a revoked permission ends after this time. */
  cacheSeconds: number;
  /** Maximum age of a decision that serves as the stale fallback, seconds. */
  maxStaleSeconds: number;
  /** Whether a watch of the cluster is open. Default: always. */
  isWatching?: () => boolean;
  /** Default: all namespaces. */
  namespacesToCheck?: NamespacesToCheck;
  /** Default: no metrics. */
  metrics?: AccessMetrics;
  /** If unset, the operator may review access in the whole cluster. */
  namespaced?: NamespacedReviews | undefined;
}

/** Concurrent reviews. Fewer than the connections to the API server, because writes use them too. */
const reviewLimits = { total: 16, perSubject: 8, waitingPerSubject: 1_000 };

type Resource = Pick<Attributes, 'group' | 'resource'>;
const deployments: Resource = { group: 'apps', resource: 'deployments' };
const accessKeys: Resource = { group: 'ghippo.io', resource: 'accesskeys' };
const tokenReviews: Resource = { group: 'authentication.k8s.io', resource: 'tokenreviews' };

const noMetrics: AccessMetrics = {
  reviewed: () => undefined,
  usedStaleDecision: () => undefined,
  listed: () => undefined,
};

/** Decides with SubjectAccessReviews, so that every authorizer of the cluster takes part; `decisions.ts` caches. */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { namespacesToCheck = async () => undefined, metrics = noMetrics, namespaced } = options;
  const { isWatching = () => true } = options;
  const keyOf = createSubjectKeys();
  const limit = createFairLimit(reviewLimits);
  const decide = createDecisions<Question>({
    ...options,
    isWatching,
    usedStaleDecision: metrics.usedStaleDecision,
    subjectKeyOf: ({ subject }) => shareOf(subject.name),
    ask: (question, sent) =>
      limit(shareOf(question.subject.name), () => {
        sent();
        return measuredReview(options, question, metrics);
      }),
  });
  function isAllowed(subject: AccessSubject, attributes: Attributes, count?: ReviewCount): Promise<boolean> {
    const { verb, group, resource, namespace = null, name = null } = attributes;
    const key = JSON.stringify([keyOf(subject), verb, group, resource, namespace, name]);
    return decide(key, { subject, attributes }, count);
  }
  /** Namespaces outside the scope are denied without a review. */
  const isInScope = (namespace?: string) => !namespaced || namespace === namespaced.watchNamespace;
  const mayList = (resource: Resource) => async (subject: AccessSubject, namespace?: string, count?: ReviewCount) => {
    const scope = namespace === undefined ? {} : { namespace };
    return isInScope(namespace) && (await isAllowed(subject, { verb: 'list', ...resource, ...scope }, count));
  };
  const visible = (resource: Resource, listed: (reviews: number) => void) =>
    createVisibility({ mayList: mayList(resource), namespacesToCheck, listed });
  return {
    mayListDeployments: (subject, namespace) => mayList(deployments)(subject, namespace),
    visibleNamespaces: visible(deployments, metrics.listed),
    // Not a listing of deployments.
    visibleAccessKeys: visible(accessKeys, () => undefined),
    async mayGetDeployment(subject, namespace, name) {
      return isInScope(namespace) && (await isAllowed(subject, { verb: 'get', ...deployments, namespace, name }));
    },
    mayReviewTokens(subject) {
      const scope = namespaced ? { namespace: namespaced.namespace } : {};
      return isAllowed(subject, { verb: 'create', ...tokenReviews, ...scope });
    },
    async mayChangeKeyPairs(subject, { namespace, name, user }) {
      if (namespaced) return false;
      const patch = { verb: 'patch', ...accessKeys, namespace, name };
      for (const attributes of [patch, ...impersonation(user)]) {
        if (!(await isAllowed(subject, attributes))) return false;
      }
      return true;
    },
    mayReadAccessKeys(subject, verb) {
      const scope = namespaced ? { namespace: namespaced.watchNamespace } : {};
      return isAllowed(subject, { verb, ...accessKeys, ...scope });
    },
  };
}

/** The permissions to impersonate a user, as `kubectl --as` needs them (k8s.io/apiserver, filters.WithImpersonation). */
function impersonation({ name, groups }: NamedAccessKey['user']): Attributes[] {
  const core = { verb: 'impersonate', group: '' };
  const account = parseUsername(name);
  // A name that no ServiceAccount can have is that of a user, as in the admission policy.
  const isAccount = account !== undefined && isDnsLabel(account.namespace) && isDnsSubdomain(account.name);
  return [
    isAccount ? { ...core, resource: 'serviceaccounts', ...account } : { ...core, resource: 'users', name },
    ...groups.map((group) => ({ ...core, resource: 'groups', name: group })),
  ];
}

/** Creates a function that returns a short key for a user and its groups, in any order. Computes it once per object. */
function createSubjectKeys(): (subject: AccessSubject) => string {
  const keys = new WeakMap<AccessSubject, string>();
  return (subject) => {
    const key = keys.get(subject) ?? hash('sha256', JSON.stringify([subject.name, [...subject.groups].sort()]));
    keys.set(subject, key);
    return key;
  };
}

async function measuredReview(
  { client, namespaced }: AuthorizerOptions,
  question: Question,
  metrics: AccessMetrics,
): Promise<boolean> {
  try {
    const allowed = await (namespaced ? localReview : review)(client, question);
    metrics.reviewed(allowed ? 'allowed' : 'denied');
    return allowed;
  } catch (error) {
    metrics.reviewed('error');
    throw error;
  }
}
