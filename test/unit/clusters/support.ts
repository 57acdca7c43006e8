import { stringify } from 'yaml';
import type { Connection, ConnectionState } from '../../../src/clusters/connection.ts';
import { type Registration, toRegistration } from '../../../src/clusters/registration.ts';
import { clusterLabel } from '../../../src/kube/own-names.ts';
import { deploymentsOf, failing, fresh } from '../http/support.ts';

/** Creates a valid kubeconfig of one cluster, with changes. */
export function kubeconfigText(change: { cluster?: object; user?: object; document?: object } = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: 'https://west.example.com:6443', ...change.cluster } }],
    users: [{ name: 'u', user: { token: 'secret-token', ...change.user } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    ...change.document,
  });
}

export interface SecretParts {
  name?: string;
  cluster?: string;
  uid?: string;
  createdAt?: string;
  deleting?: boolean;
  /** null: no such key in the Secret */
  kubeconfig?: string | null;
}

/** Creates the record of a Secret `west` that registers the cluster `west`. */
export function registration(parts: SecretParts = {}): Registration {
  const { name = 'west', cluster = 'west', uid = `uid-of-${name}`, createdAt = '2026-01-01T00:00:00Z' } = parts;
  const { kubeconfig = kubeconfigText(), deleting = false } = parts;
  return toRegistration({
    metadata: {
      namespace: 'accesskey-system',
      name,
      uid,
      resourceVersion: '7',
      creationTimestamp: createdAt,
      labels: { [clusterLabel]: cluster },
      ...(deleting && { deletionTimestamp: createdAt }),
    },
    ...(kubeconfig !== null && { data: { kubeconfig: Buffer.from(kubeconfig).toString('base64') } }),
  });
}

/** A connection whose state a test controls. */
export interface FakeConnection extends Connection {
  readonly cluster: Connection['cluster'];
  readonly server: string | undefined;
  closed: boolean;
  becomes(state: ConnectionState): void;
}

/** Creates a `connect` with fake connections, and keeps them in order. */
export function fakeConnections() {
  const opened: FakeConnection[] = [];
  function connect(name: string, kubeconfig: { getCurrentCluster(): { server: string } | null }): FakeConnection {
    const works = Promise.withResolvers<void>();
    let state: ConnectionState = 'connecting';
    const connection: FakeConnection = {
      cluster: {
        name,
        deployments: deploymentsOf(name, [`shop/web-${opened.length}`]),
        namespaces: () => [],
        freshness: () => fresh,
        maxStaleSeconds: 300,
        authorizer: failing(new Error('unexpected access review')),
      },
      server: kubeconfig.getCurrentCluster()?.server,
      closed: false,
      caches: [{ cache: 'deployments', resource: 'deployments', freshness: () => fresh }],
      works: works.promise,
      state: () => state,
      lastStatus: () => (state === 'unavailable' ? '401' : '200'),
      becomes(next) {
        state = next;
        if (next === 'available') works.resolve();
      },
      async close() {
        connection.closed = true;
      },
    };
    opened.push(connection);
    return connection;
  }
  return { opened, connect };
}
