/** The objects that Argo CD's own installation creates, as far as its programs need them. */
import { argoCdNamespace as namespace } from './components.ts';

/** ServiceAccount of the application controller, with all permissions as in Argo CD's installation. */
export const controllerAccount = { namespace, name: 'argocd-application-controller' };

const labels = { 'app.kubernetes.io/part-of': 'argocd' };

/** @param serverKey signs sessions of its console, which is not used */
export function argoCdObjects(serverKey: string): object[] {
  const { name } = controllerAccount;
  const configMap = (name: string, data: object) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels },
    data,
  });
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: controllerAccount },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
        { nonResourceURLs: ['*'], verbs: ['*'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', ...controllerAccount }],
    },
    configMap('argocd-cm', {}),
    ...['cmd-params', 'ssh-known-hosts', 'tls-certs'].map((name) => configMap(`argocd-${name}-cm`, {})),
    configMap('argocd-rbac-cm', { 'policy.default': 'role:admin' }),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'argocd-secret', namespace, labels },
      stringData: { 'server.secretkey': serverKey },
    },
  ];
}
