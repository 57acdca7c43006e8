/** The objects that Flux's own installation creates, as far as its controllers need them. */
import { fluxNamespace as namespace } from './components.ts';

/** ServiceAccount of the controllers, with all permissions as in Flux's installation. */
export const controllerAccount = { namespace, name: 'kustomize-controller' };

export const fluxObjects = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: controllerAccount },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'cluster-reconciler-flux-system' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...controllerAccount }],
  },
];
