import { argoCdNamespace as namespace } from '../../../tools/gitops/argocd/components.ts';
import { startArgoCd } from '../../../tools/gitops/argocd/start.ts';
import type { Kubectl } from '../../../tools/kubectl.ts';
import { type GitopsEnvironment, readExample, root } from './environment.ts';
import type { SyncedFolder, SyncState, Tool } from './tool.ts';

/** Writes as the ServiceAccount of a project, if it has one (docs/gitops.md). */
const impersonation = {
  'application.sync.impersonation.enabled': 'true',
  'application.sync.impersonation.enforced': 'false',
};

/** Starts Argo CD with the health checks of the examples. */
export async function openArgoCd({ kubectl, repository }: GitopsEnvironment): Promise<Tool> {
  const argoCd = await startArgoCd(kubectl);
  const patch = ['patch', 'configmap', 'argocd-cm', '-n', namespace];
  await kubectl.run([...patch, '--patch-file', `${root}/examples/gitops/argocd/argocd-cm.yaml`]);
  await kubectl.run([...patch, '--type=merge', '-p', JSON.stringify({ data: impersonation })]);
  const parent = applicationNamed(kubectl, 'accesskey-platform');
  return {
    async installExamples() {
      await kubectl.run(['apply', '-f', '-'], await readExample('argocd/app-of-apps.yaml', repository));
      const [operator, accessKeys] = ['accesskey-operator', 'accesskeys'].map((name) =>
        applicationNamed(kubectl, name),
      ) as [SyncedFolder, SyncedFolder];
      return { operator, accessKeys };
    },
    async useManifests(path) {
      const file = 'argocd/apps/operator.yaml';
      const text = await readExample(file, repository);
      const revision = await repository.commit({ [file]: text.replace('path: manifests/base', `path: ${path}`) });
      await parent.refresh();
      return revision;
    },
    async removeOperator() {
      // Otherwise, it creates the Application again. Deleting it deletes nothing else.
      await kubectl.run(['delete', 'application', parent.name, '-n', namespace]);
      await applicationNamed(kubectl, 'accesskey-operator').remove();
    },
    async deploy({ name, path, namespace, syncOptions }) {
      const source = { repoURL: repository.url, targetRevision: repository.branch, path };
      await kubectl.apply(application(name, namespace, source, syncOptions));
      return applicationNamed(kubectl, name);
    },
    stop: argoCd.stop,
  };
}

/** Returns an Application that applies a source automatically. */
export function application(
  name: string,
  destination: string,
  source: object,
  syncOptions: readonly string[] = ['ServerSideApply=true'],
): object {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace },
    spec: {
      project: 'default',
      source,
      destination: { server: 'https://kubernetes.default.svc', namespace: destination },
      syncPolicy: {
        automated: { prune: true, selfHeal: true },
        syncOptions,
        retry: { limit: -1, refresh: true, backoff: { duration: '2s', factor: 2, maxDuration: '10s' } },
      },
    },
  };
}

/** The fields of an Application that tests use. */
interface Application {
  readonly status?: {
    readonly sync?: { readonly status?: string; readonly revision?: string; readonly revisions?: readonly string[] };
    readonly health?: { readonly status?: string };
    readonly operationState?: {
      readonly phase?: string;
      readonly message?: string;
      readonly syncResult?: { readonly resources?: readonly { readonly message?: string }[] };
    };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    readonly resources?: readonly { readonly health?: { readonly status?: string; readonly message?: string } }[];
  };
}

/** Returns the Application with this name, which may not exist yet. */
export function applicationNamed(kubectl: Kubectl, name: string): SyncedFolder {
  const edit = (command: string, ...args: string[]) =>
    kubectl.run([command, 'application', name, '-n', namespace, ...args]);
  return {
    name,
    refresh: async () => void (await edit('annotate', 'argocd.argoproj.io/refresh=normal', '--overwrite')),
    state: async () => stateOf(await kubectl.get<Application>('application', name, '-n', namespace)),
    async remove() {
      const metadata = { finalizers: ['resources-finalizer.argocd.argoproj.io'] };
      await edit('patch', '--type=merge', '-p', JSON.stringify({ metadata }));
      await edit('delete', '--timeout=90s');
    },
  };
}

function stateOf({ status = {} }: Application): SyncState {
  const { sync, health, operationState: operation, conditions = [], resources = [] } = status;
  const messages = [
    operation?.message,
    ...(operation?.syncResult?.resources ?? []).map((one) => one.message),
    ...conditions.map((one) => `${one.type}: ${one.message}`),
    ...resources.flatMap(({ health }) => (health?.status === 'Healthy' ? [] : [health?.message])),
  ];
  return {
    revision: sync?.revision ?? sync?.revisions?.[0] ?? '',
    done: sync?.status === 'Synced' && operation?.phase === 'Succeeded' && health?.status === 'Healthy',
    health: health?.status ?? 'Unknown',
    message: [sync?.status, operation?.phase, ...messages].filter(Boolean).join('; '),
  };
}
