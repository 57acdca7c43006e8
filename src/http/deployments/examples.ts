import { projectDeployment } from '../../deployments/kpanda/projection.ts';

/** A Deployment for the OpenAPI document. */
export const exampleDeployment = projectDeployment(
  {
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: '1b0e2c0a-54c0-4a53-9d3f-6a3a2ce0a0f5',
      resourceVersion: '4711',
      generation: 1,
      creationTimestamp: '2026-01-01T08:00:00Z',
      labels: { app: 'web' },
      annotations: { 'deployment.kubernetes.io/revision': '1' },
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'nginx:1.29', ports: [{ containerPort: 80 }] }] },
      },
    },
    status: {
      observedGeneration: 1,
      replicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      conditions: [{ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }],
    },
  },
  'kpanda-global-cluster',
);

/** A page for the OpenAPI document. */
export const exampleList = {
  items: [exampleDeployment],
  pagination: { total: 1, page: 1, pageSize: 10, pages: 1 },
};
