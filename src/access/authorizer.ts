import { hash } from 'node:crypto';
import type { KubernetesClient } from '../kube/client.ts';
import { createDecisions, type ReviewCount } from './decisions.ts';
import { createFairLimit } from './limit.ts';
import { type Attributes, localReview, type Question, review, type Subject } from './review.ts';
import { type Candidates, createVisibility, type VisibleNamespaces } from './visibility.ts';

export type { Subject } from './review.ts';

/** Asks the cluster who may see what. */
export interface Authorizer {
  /**
   * Whether the user may list deployments.
   *
   * @param namespace the namespace; undefined asks for all namespaces at once
   * @throws KubernetesError, ConnectionError, UndecidedError when the cluster cannot be asked
   */
  mayListDeployments(subject: Subject, namespace?: string): Promise<boolean>;
  /**
   * Whether the user may get the deployment of this name, which need not exist.
   *
   * @throws KubernetesError, ConnectionError, UndecidedError when the cluster cannot be asked
   */
  mayGetDeployment(subject: Subject, namespace: string, name: string): Promise<boolean>;
  /**
   * Whether the user may create TokenReviews: who may ask the cluster about anybody's token may ask us.
   *
   * @throws KubernetesError, ConnectionError, UndecidedError when the cluster cannot be asked
   */
  mayReviewTokens(subject: Subject): Promise<boolean>;
  /**
   * Whether the user may read the AccessKeys of all namespaces: who may is shown their users.
   *
   * @throws KubernetesError, ConnectionError, UndecidedError when the cluster cannot be asked
   */
  mayReadAccessKeys(subject: Subject, verb: 'get' | 'list'): Promise<boolean>;
  /** In which namespaces the user may list deployments. */
  visibleNamespaces: VisibleNamespaces;
}

/** What is told of decisions. */
export interface AccessMetrics {
  /** Of each review that the cluster was asked for. */
  reviewed(result: 'allowed' | 'denied' | 'error'): void;
  /** Of each decision that stood in because the cluster could not be asked. */
  stoodIn(): void;
  /** Of each listing, how many reviews it caused. */
  listed(reviews: number): void;
}

/** For an operator that has rights in single namespaces only, and asks there. */
export interface NamespacedReviews {
  /** The only namespace whose deployments anybody is shown. */
  watchNamespace: string;
  /** The operator's own, where it is asked who may create TokenReviews: that right is none of a namespace. */
  namespace: string;
}

export interface AuthorizerOptions {
  client: KubernetesClient;
  /** How long a decision holds, seconds: a right that is taken away is gone after that long. */
  cacheSeconds: number;
  /** How old a decision may be that stands in when the cluster cannot be asked, seconds. */
  maxStaleSeconds: number;
  /** By default any namespace is a candidate. */
  candidates?: Candidates;
  /** By default nobody is told. */
  metrics?: AccessMetrics;
  /** Without it, the operator may ask about the whole cluster. */
  namespaced?: NamespacedReviews | undefined;
}

/** Reviews at the same time. Less than the connections to the API server, which watches and writes need too. */
const reviewLimits = { total: 16, perOwner: 8, waitingPerOwner: 1_000 };
const noMetrics: AccessMetrics = { reviewed: () => undefined, stoodIn: () => undefined, listed: () => undefined };

/** Decides by SubjectAccessReview, so all of the cluster's authorizers have their say; see `decisions.ts`. */
export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { candidates = async () => undefined, metrics = noMetrics, namespaced } = options;
  const keyOf = createSubjectKeys();
  const limit = createFairLimit(reviewLimits);
  const decide = createDecisions<Question>({
    ...options,
    stoodIn: metrics.stoodIn,
    ownerOf: ({ subject }) => keyOf(subject),
    ask: (question) => limit(keyOf(question.subject), () => measuredReview(options, question, metrics)),
  });
  function isAllowed(subject: Subject, attributes: Attributes, count?: ReviewCount): Promise<boolean> {
    const { verb, group, resource, namespace = null, name = null } = attributes;
    const key = JSON.stringify([keyOf(subject), verb, group, resource, namespace, name]);
    return decide(key, { subject, attributes }, count);
  }
  /** What nobody is shown anyway is not asked for. */
  const isShown = (namespace?: string) => !namespaced || namespace === namespaced.watchNamespace;
  const deployments = { group: 'apps', resource: 'deployments' };
  const reviews = { group: 'authentication.k8s.io', resource: 'tokenreviews' };
  async function mayList(subject: Subject, namespace?: string, count?: ReviewCount): Promise<boolean> {
    const within = namespace === undefined ? {} : { namespace };
    return isShown(namespace) && (await isAllowed(subject, { verb: 'list', ...deployments, ...within }, count));
  }
  return {
    mayListDeployments: (subject, namespace) => mayList(subject, namespace),
    visibleNamespaces: createVisibility({ mayList, candidates, listed: metrics.listed }),
    async mayGetDeployment(subject, namespace, name) {
      return isShown(namespace) && (await isAllowed(subject, { verb: 'get', ...deployments, namespace, name }));
    },
    mayReviewTokens(subject) {
      const within = namespaced ? { namespace: namespaced.namespace } : {};
      return isAllowed(subject, { verb: 'create', ...reviews, ...within });
    },
    mayReadAccessKeys(subject, verb) {
      const within = namespaced ? { namespace: namespaced.watchNamespace } : {};
      return isAllowed(subject, { verb, group: 'ghippo.io', resource: 'accesskeys', ...within });
    },
  };
}

/** A short key for a user with these groups, in any order; of one object it is computed once. */
function createSubjectKeys(): (subject: Subject) => string {
  const known = new WeakMap<Subject, string>();
  return (subject) => {
    const key = known.get(subject) ?? hash('sha256', JSON.stringify([subject.name, [...subject.groups].sort()]));
    known.set(subject, key);
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
