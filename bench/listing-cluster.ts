import type { Transport } from '../src/kube/transport.ts';
import { poll } from '../tools/poll.ts';
import { forEachNumber, get, post } from './cluster.ts';

const concurrency = 64;
const namespaces = 200;
const visibleNamespaces = 3;

/** Key pairs of the users, as queries of token requests. */
export interface Users {
  /** May list Deployments in all namespaces. */
  all: string;
  /** May list Deployments in 3 of the 200 namespaces. */
  few: string;
}

/** Fills a cluster with Deployments. */
export interface ClusterFiller {
  /** Creates users with their key pairs. The operator must be running. */
  createUsers(): Promise<Users>;
  /** Creates Deployments until there are `count` in total. */
  fillTo(count: number): Promise<void>;
}

export const namespaceOf = (n: number): string => `bench-${String(n % namespaces).padStart(3, '0')}`;

export function createClusterFiller(admin: Transport): ClusterFiller {
  let created = 0;
  return {
    async createUsers() {
      await forEachNumber({ to: namespaces, concurrency }, (n) =>
        post(admin, '/api/v1/namespaces', { metadata: { name: namespaceOf(n) } }),
      );
      await grant(admin, 'all', 'clusterrolebindings');
      for (let n = 0; n < visibleNamespaces; n += 1)
        await grant(admin, 'few', `namespaces/${namespaceOf(n)}/rolebindings`);
      return { all: await createPair(admin, 'all'), few: await createPair(admin, 'few') };
    },
    async fillTo(count) {
      await forEachNumber({ from: created, to: count, concurrency }, (n) =>
        post(admin, `/apis/apps/v1/namespaces/${namespaceOf(n)}/deployments`, deployment(n)),
      );
      created = count;
    },
  };
}

/** A Deployment of typical size. It is paused and has no replicas, so that controllers create no further objects. */
export function deployment(n: number) {
  const labels = { app: `app-${n}`, 'app.kubernetes.io/name': `app-${n}`, team: `team-${n % 20}` };
  const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 10, initialDelaySeconds: 5 };
  const container = {
    name: 'main',
    image: `registry.example.com/team/app:${n}`,
    ports: [{ containerPort: 8080, name: 'http' }],
    env: Array.from({ length: 6 }, (_, index) => ({ name: `SETTING_${index}`, value: `value-${n}-${index}` })),
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    livenessProbe: probe,
    readinessProbe: probe,
    volumeMounts: [{ name: 'config', mountPath: '/etc/app', readOnly: true }],
  };
  const volumes = [{ name: 'config', configMap: { name: `app-${n}` } }];
  return {
    metadata: { name: `app-${n}`, labels, annotations: { 'example.com/owner': `team-${n % 20}@example.com` } },
    spec: {
      replicas: 0,
      paused: true,
      selector: { matchLabels: { app: `app-${n}` } },
      template: { metadata: { labels }, spec: { containers: [container], volumes } },
    },
  };
}

function grant(admin: Transport, user: string, collection: string): Promise<string> {
  return post(admin, `/apis/rbac.authorization.k8s.io/v1/${collection}`, {
    metadata: { name: `bench-${user}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  });
}

/** @returns the key pair as a query */
async function createPair(admin: Transport, user: string): Promise<string> {
  await post(admin, `/apis/ghippo.io/v1alpha1/namespaces/${namespaceOf(0)}/accesskeys`, {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { name: user },
    spec: { user: { name: user }, keyPairs: [{ name: 'main' }] },
  });
  return poll(`the pair of ${user}`, async () => {
    const path = `/api/v1/namespaces/${namespaceOf(0)}/secrets/${user}-main`;
    const { data } = JSON.parse(await get(admin, path)) as { data: { ak: string; sk: string } };
    return `ak=${atob(data.ak)}&sk=${atob(data.sk)}`;
  });
}
