/**
 * The import rules of src/, checked by test/unit/dependencies.test.ts.
 *
 * `mayImport` lists every folder from the bottom layer to the top: a folder imports only folders above it in the list.
 * Every folder may also import duration.ts, names.ts, own-names.ts and printable.ts of src/kube, which import nothing.
 */
export const mayImport = {
  kube: [],
  outbound: [],
  credential: [],
  selector: [],
  config: [],
  'accesskey/model': ['kube', 'credential'],
  'accesskey/guardrails': ['kube', 'accesskey/model'],
  'accesskey/reconcile': ['kube', 'credential', 'accesskey/model', 'accesskey/guardrails'],
  'accesskey/live': ['kube', 'credential', 'accesskey/model', 'accesskey/reconcile'],
  'accesskey/change': ['kube', 'accesskey/model'],
  access: ['kube'],
  'deployments/kpanda': ['kube'],
  deployments: ['kube', 'selector', 'deployments/kpanda'],
  clusters: ['kube', 'access', 'deployments'],
  users: ['kube', 'accesskey/model'],
  inventory: ['kube', 'accesskey/model', 'access'],
  'token/keys': ['kube'],
  token: ['kube', 'credential', 'accesskey/model', 'accesskey/live', 'token/keys'],
  'token/federation': ['outbound', 'accesskey/live', 'token'],
  'http/common': [
    'kube', 'credential', 'access', 'accesskey/model', 'accesskey/live', 'accesskey/change', 'clusters', 'token',
    'token/keys', 'token/federation', 'users', 'inventory',
  ],
  'http/server': ['kube', 'http/common'],
  'http/token': ['credential', 'accesskey/live', 'token', 'token/federation', 'http/common'],
  'http/oauth': ['credential', 'token', 'http/common', 'http/token'],
  'http/discovery': ['token', 'token/keys', 'http/common'],
  'http/deployments': ['kube', 'selector', 'deployments', 'deployments/kpanda', 'clusters', 'token', 'http/common'],
  'http/clusters': [
    'kube', 'clusters', 'deployments', 'deployments/kpanda', 'token', 'http/common', 'http/deployments',
  ],
  'http/users': ['accesskey/model', 'token', 'users', 'http/common'],
  'http/inventory': ['token', 'inventory', 'http/common', 'http/users'],
  'http/access-tokens': [
    'kube', 'accesskey/model', 'accesskey/live', 'accesskey/change', 'token', 'http/common', 'http/token', 'http/users',
  ],
  'http/openapi': ['http/common', 'http/discovery'],
  'http/docs': ['http/common'],
  http: [
    'http/common', 'http/token', 'http/oauth', 'http/discovery', 'http/deployments', 'http/users', 'http/clusters',
    'http/inventory', 'http/access-tokens', 'http/openapi', 'http/docs',
  ],
  metrics: ['kube', 'access', 'clusters', 'token/keys', 'http/common'],
  'web/assets': [],
  'web/messages': [],
  'web/common': ['kube', 'access', 'accesskey/model', 'http/common', 'web/messages'],
  'web/session': ['kube', 'web/common'],
  'web/deployments': ['deployments', 'deployments/kpanda', 'web/common'],
  'web/oidc': ['outbound', 'kube', 'web/session'],
  'web/show-once': ['credential', 'accesskey/model', 'accesskey/live', 'web/common', 'web/session'],
  'web/visitor': [
    'kube', 'credential', 'accesskey/model', 'accesskey/live', 'accesskey/change', 'http/common', 'web/common',
    'web/session', 'web/oidc', 'web/show-once',
  ],
  'web/keys': [
    'kube', 'credential', 'accesskey/model', 'accesskey/change', 'web/common', 'web/session', 'web/show-once',
    'web/visitor',
  ],
  'web/pages': [
    'credential', 'accesskey/change', 'deployments/kpanda', 'web/common', 'web/session', 'web/deployments',
    'web/show-once', 'web/visitor', 'web/keys',
  ],
  'web/routes': [
    'kube', 'credential', 'accesskey/model', 'accesskey/live', 'accesskey/change', 'clusters', 'deployments', 'token',
    'http/common', 'http/token', 'web/common', 'web/session', 'web/oidc', 'web/deployments', 'web/show-once',
    'web/visitor', 'web/keys', 'web/pages', 'http/docs', 'inventory', 'http/inventory',
  ],
  web: ['web/common', 'web/session', 'web/show-once', 'web/visitor', 'web/keys', 'web/pages', 'web/routes'],
  app: [
    'kube', 'credential', 'config', 'accesskey/model', 'accesskey/guardrails', 'accesskey/reconcile', 'accesskey/live',
    'accesskey/change', 'access', 'deployments', 'clusters', 'users', 'inventory', 'token/keys', 'token',
    'token/federation', 'http/common', 'http/server', 'http/token', 'http', 'http/discovery', 'metrics', 'web/common',
    'web/session', 'web/oidc', 'web',
  ],
  'cli/files': [],
  'cli/token': ['credential', 'cli/files'],
  'cli/common': ['kube', 'credential', 'accesskey/model', 'cli/token'],
  'cli/keys': ['kube', 'credential', 'accesskey/model', 'accesskey/change', 'cli/common'],
  'cli/credential': ['kube', 'credential', 'accesskey/model', 'cli/common', 'cli/files', 'cli/token'],
  'cli/agent': ['kube', 'cli/common', 'cli/files', 'cli/token'],
  'cli/doctor': ['kube', 'outbound', 'accesskey/model', 'token/keys', 'cli/common', 'cli/token'],
  'cli/completion': ['kube', 'accesskey/model', 'cli/common'],
  'cli/commands': ['cli/common', 'cli/keys', 'cli/credential', 'cli/agent', 'cli/doctor', 'cli/completion'],
  cli: ['cli/common', 'cli/commands'],
};

/** The files of a folder, without its subfolders. */
const filesOf = (folder) => `^src/${folder}/[^/]+$`;
/** The entry points of the operator and of kubectl-accesskey. */
const mains = ['^src/main\\.ts$', '^src/cli/main\\.ts$'];
/** Files that import nothing. */
export const leaves = '^src/kube/(duration|names|own-names|printable)\\.ts$';
const any = (patterns) => `(${patterns.join('|')})`;

const folderRules = Object.entries(mayImport).map(([folder, others]) => ({
  name: `imports-of-${folder}`,
  severity: 'error',
  comment: `see mayImport in .dependency-cruiser.mjs`,
  from: { path: filesOf(folder) },
  to: { path: '^src/', pathNot: any([...[folder, ...others].map(filesOf), leaves]) },
}));

export default {
  forbidden: [
    ...folderRules,
    {
      name: 'folder-without-rules',
      severity: 'error',
      comment: 'add the folder to mayImport in .dependency-cruiser.mjs',
      from: { path: '^src/', pathNot: any([...mains, ...Object.keys(mayImport).map(filesOf)]) },
      to: {},
    },
    {
      name: 'leaves-import-nothing',
      severity: 'error',
      comment: 'every folder may import these files',
      from: { path: leaves },
      to: {},
    },
    {
      name: 'nothing-imports-main',
      severity: 'error',
      from: {},
      to: { path: any(mains) },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'also for types: files that need each other are one story',
      from: {},
      to: { circular: true },
    },
    {
      name: 'import-not-found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'client-node-only-in-kube',
      severity: 'error',
      comment: 'other folders call Kubernetes through src/kube and use only the types of client-node',
      from: { path: '^src/', pathNot: '^src/kube/' },
      to: { path: '@kubernetes/client-node', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'metrics-imports-types-only',
      severity: 'error',
      comment: 'metrics are measured through functions that the composition root passes in',
      from: { path: '^src/metrics/' },
      to: { path: '^src/', pathNot: '^src/metrics/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'process-only-in-main',
      severity: 'error',
      comment: 'Biome forbids the global process in the same way',
      from: { path: '^src/', pathNot: any(mains) },
      to: { path: '^(node:)?process$' },
    },
  ],
  options: {
    // TypeScript 7 has no API that dependency-cruiser could use; swc parses the same syntax.
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    doNotFollow: { path: 'node_modules' },
  },
};
