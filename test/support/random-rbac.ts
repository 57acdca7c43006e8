import fc from 'fast-check';

/** Label of all generated objects. */
export const drawnLabel = 'drawn';
export const namespaces = ['north', 'east', 'south', 'empty'];
const groups = ['dev', 'ops', 'all:staff'];

/** Includes names that are also groups, that need escaping, and of a ServiceAccount. */
export const users: { name: string; groups: string[] }[] = [
  { name: 'ann', groups: [] },
  { name: 'bob', groups: ['dev'] },
  { name: 'cid', groups: ['ops'] },
  { name: 'dan', groups: ['dev', 'ops'] },
  { name: 'eve', groups: ['all:staff'] },
  { name: 'fay@example.org', groups: ['dev', 'ops', 'all:staff'] },
  { name: 'dev', groups: [] },
  { name: 'ops', groups: ['dev'] },
  { name: 'https://id.example.org#gus', groups: [] },
  { name: 'system:serviceaccount:north:robot', groups: [] },
];

const rbac = 'rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';
const clusterRoles = ['first', 'second', 'third'];
/** Aggregates the roles with the label `part`. */
const aggregated = 'aggregated';

const some = (...values: string[]) => fc.subarray(values, { minLength: 1, maxLength: 2 });

const rule = fc.record({
  apiGroups: fc.oneof(
    { weight: 4, arbitrary: fc.constant(['apps']) },
    { weight: 2, arbitrary: some('apps', '*', 'extensions', '') },
  ),
  resources: fc.oneof(
    { weight: 4, arbitrary: fc.constant(['deployments']) },
    { weight: 2, arbitrary: some('deployments', '*', 'deployments/scale', '*/scale', 'pods') },
  ),
  verbs: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(['list', 'get'], ['list'], ['*']) },
    { weight: 1, arbitrary: some('list', 'get', '*', 'watch') },
  ),
});
const namedRule = rule.map((one) => ({ ...one, resourceNames: ['web'] }));
const anyRule = fc.oneof({ weight: 3, arbitrary: rule }, { weight: 1, arbitrary: namedRule });
const rules = fc.array(anyRule, { minLength: 1, maxLength: 2 });

const metadata = (name: string, namespace?: string, labels = {}) => ({
  name,
  ...(namespace && { namespace }),
  labels: { ...labels, [drawnLabel]: 'yes' },
});

const clusterRole = (name: string) =>
  fc.record({ rules, part: fc.boolean() }).map(({ rules, part }) => ({
    apiVersion: rbac,
    kind: 'ClusterRole',
    rules,
    metadata: metadata(name, undefined, part ? { part: 'yes' } : {}),
  }));

const collecting = {
  apiVersion: rbac,
  kind: 'ClusterRole',
  metadata: metadata(aggregated),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] },
};

const role = (namespace: string) =>
  rules.map((rules) => ({ apiVersion: rbac, kind: 'Role', metadata: metadata('local', namespace), rules }));

const subject = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...users.map(({ name }) => ({ kind: 'User', apiGroup, name }))) },
  { weight: 3, arbitrary: fc.constantFrom(...groups.map((name) => ({ kind: 'Group', apiGroup, name }))) },
  { weight: 1, arbitrary: fc.constant({ kind: 'ServiceAccount', name: 'robot', namespace: 'north' }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'Group', apiGroup, name: 'system:authenticated' }) },
);
const subjects = fc.array(subject, { minLength: 1, maxLength: 3 });

/** The last one does not exist. */
const clusterRoleRef = fc
  .constantFrom(...clusterRoles, aggregated, 'missing')
  .map((name) => ({ apiGroup, kind: 'ClusterRole', name }));
const localRef = fc.constant({ apiGroup, kind: 'Role', name: 'local' });

const roleBinding = fc.record({
  namespace: fc.constantFrom(...namespaces),
  roleRef: fc.oneof(clusterRoleRef, localRef),
  subjects,
});
const clusterRoleBinding = fc.record({ roleRef: clusterRoleRef, subjects });

/** Generates the RBAC objects of a cluster. */
export const randomRbac = fc
  .record({
    roles: fc.tuple(...clusterRoles.map(clusterRole), ...namespaces.map(role)),
    bindings: fc.array(roleBinding, { minLength: 4, maxLength: 12 }),
    clusterBindings: fc.array(clusterRoleBinding, { maxLength: 3 }),
  })
  .map(({ roles, bindings, clusterBindings }) => [
    ...[...roles, collecting],
    ...bindings.map(({ namespace, ...rest }, index) => ({
      apiVersion: rbac,
      kind: 'RoleBinding',
      ...rest,
      metadata: metadata(`drawn-${index}`, namespace),
    })),
    ...clusterBindings.map((rest, index) => ({
      apiVersion: rbac,
      kind: 'ClusterRoleBinding',
      ...rest,
      metadata: metadata(`drawn-${index}`),
    })),
  ]);
