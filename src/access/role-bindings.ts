import type { Logger } from 'pino';
import { usernameOf } from '../kube/names.ts';
import type { RawObject } from '../kube/raw-object.ts';
import { createReflector, type Reflector } from '../kube/reflector.ts';
import { pathOf, resources } from '../kube/resource.ts';
import { createStore, type Store } from '../kube/store.ts';
import type { Transport } from '../kube/transport.ts';
import { type AccessSubject, groupsOf } from './review.ts';

/**
 * Maximum size of a list of a registered cluster, bytes, so that it cannot exhaust memory. If the list is larger, the
 * RoleBindings stay unknown and all namespaces are checked. In the own cluster, one namespace could have so many.
 */
const maxListBytes = 256 * 1024 * 1024;
/** Kubernetes limits neither: 100,000 subjects of 1.5 MB would take ten times as much here. */
const [maxSubjects, maxNameLength] = [1_000, 1_024];

/** The namespace and the subjects of a RoleBinding. */
interface RoleBindingRecord {
  key: string;
  resourceVersion: string;
  namespace: string;
  /** See `userKey` and `groupKey`; only `anyone` if they are too many or too long. */
  subjects: readonly string[];
}

/** The RoleBindings of a cluster. */
export interface RoleBindings {
  readonly reflector: Reflector;
  /**
   * Returns the namespaces with a RoleBinding for the user or one of the groups, regardless of its role. RBAC can grant
   * permissions in a single namespace only with one of these RoleBindings. undefined until the RoleBindings are known, and
   * while they are too old, because a new one would be missed.
   */
  namespacesOf(subject: AccessSubject): ReadonlySet<string> | undefined;
}

/**
 * Creates the watch of the RoleBindings. It is optional: if it is forbidden, the RoleBindings stay unknown.
 *
 * @param maxStaleSeconds maximum age of the RoleBindings while no watch is open, seconds
 */
export function createRoleBindings(transport: Transport, log: Logger, maxStaleSeconds: number): RoleBindings {
  const store = createStore<RoleBindingRecord, 'subject'>({ subject: (one) => one.subjects });
  const target = { path: pathOf(resources.roleBindings), ...(transport.pace && { maxBytes: maxListBytes }) };
  const reflector = createReflector({ transport, target, store, transform: toRecord, log });
  function areKnown(): boolean {
    const { watching, ageSeconds } = reflector.freshness();
    return reflector.hasSynced() && (watching || ageSeconds <= maxStaleSeconds);
  }
  return { reflector, namespacesOf: (subject) => (areKnown() ? namespacesOf(store, subject) : undefined) };
}

function namespacesOf(store: Store<RoleBindingRecord, 'subject'>, subject: AccessSubject): ReadonlySet<string> {
  const keys = [anyone, userKey(subject.name), ...groupsOf(subject).map(groupKey)];
  return new Set(keys.flatMap((key) => store.byIndex('subject', key).map(({ namespace }) => namespace)));
}

/** A subject of a RoleBinding (rbac.authorization.k8s.io/v1, Subject). */
interface BoundSubject {
  kind?: unknown;
  name?: unknown;
  namespace?: unknown;
}

function toRecord({ metadata, subjects }: RawObject): RoleBindingRecord {
  const { name, namespace = '', resourceVersion } = metadata;
  // A registered cluster can send anything.
  const bound = (Array.isArray(subjects) ? subjects.filter(Boolean) : []) as BoundSubject[];
  return {
    key: `${namespace}/${name}`,
    resourceVersion,
    namespace,
    subjects: isLarge(bound) ? [anyone] : [...new Set(bound.map((one) => keyOf(one, namespace)))],
  };
}

function isLarge(bound: readonly BoundSubject[]): boolean {
  const isLong = (value: unknown) => textOf(value).length > maxNameLength;
  return bound.length > maxSubjects || bound.some(({ name, namespace }) => isLong(name) || isLong(namespace));
}

/** Matches subjects as RBAC does (k8s.io/kubernetes, pkg/registry/rbac/validation, appliesToUser). */
function keyOf({ kind, name, namespace }: BoundSubject, bindingNamespace: string): string {
  if (kind === 'Group') return groupKey(textOf(name));
  if (kind !== 'ServiceAccount') return userKey(textOf(name));
  return userKey(usernameOf({ namespace: textOf(namespace) || bindingNamespace, name: textOf(name) }));
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
/** RoleBindings only select the namespaces to review, so a namespace may be reviewed for users without one. */
const anyone = 'anyone';
const userKey = (name: string) => `user ${name}`;
const groupKey = (name: string) => `group ${name}`;
