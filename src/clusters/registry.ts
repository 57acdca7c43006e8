import { compareText } from '../kube/sorted-list.ts';
import type { Store } from '../kube/store.ts';
import type { Cluster, Clusters } from './cluster.ts';
import type { Connection, ConnectionState } from './connection.ts';
import { assignNames, type NameAssignment } from './name-assignment.ts';
import {
  createRegisteredCluster,
  type RegisteredCluster,
  type RegisteredClusterOptions,
} from './registered-cluster.ts';
import type { Registration } from './registration.ts';

/** The state of a registration. */
export interface RegistrationReport {
  readonly registration: Registration;
  readonly state: ConnectionState | 'refused';
  /** The reason for the rejection, or the last response of the cluster. For people; never contains a secret. */
  readonly detail: string;
}

export type CacheOfCluster = Connection['caches'][number] & { readonly cluster: string };

/** The local cluster and the registered ones. */
export interface Registry extends Clusters {
  /** Returns a report for each registration, including rejected ones. */
  reports(): readonly RegistrationReport[];
  /** Returns, for each registered cluster (not the registrations whose name was not assigned), whether it serves up-to-date data. */
  up(): ReadonlyMap<string, boolean>;
  /** Returns the watch caches of the serving connections. */
  caches(): readonly CacheOfCluster[];
  /** Closes all connections and ignores later changes. */
  close(): Promise<void>;
}

export interface RegistryOptions extends RegisteredClusterOptions {
  localCluster: Cluster;
  /** The registrations, kept up to date by a watch. */
  store: Pick<Store<Registration>, 'values' | 'subscribe'>;
}

interface Entry {
  readonly cluster: RegisteredCluster;
  fingerprint: string | undefined;
}

/**
 * Reconciles the registrations: each change compares all registrations with the registered clusters, so that the order of
 * events does not matter.
 */
export function createRegistry({ localCluster, store, ...clusterOptions }: RegistryOptions): Registry {
  let assignments: readonly NameAssignment[] = [];
  let pending = false;
  let closed = false;
  /** By uid of the Secret, because a Secret that is deleted and created again is another registration. */
  const entries = new Map<string, Entry>();
  const local = [localCluster.name, () => localCluster] as const;
  let clusters: ReadonlyMap<string, () => Cluster> = new Map([local]);

  function reconcile(): void {
    pending = false;
    if (closed) return;
    assignments = assignNames(store.values(), localCluster.name);
    const accepted = new Map(assignments.filter((one) => one.hasName).map((one) => [one.registration.uid, one]));
    for (const [uid, { cluster }] of entries) {
      if (accepted.get(uid)?.registration.name !== cluster.name) remove(uid, cluster);
    }
    for (const one of accepted.values()) addOrUpdate(one);
    const registered = [...entries.values()].map(({ cluster }) => [cluster.name, cluster.cluster] as const);
    clusters = new Map([local, ...registered].sort(byName));
  }

  function remove(uid: string, cluster: RegisteredCluster): void {
    entries.delete(uid);
    void cluster.close();
  }

  function addOrUpdate({ registration, kubeconfig }: NameAssignment): void {
    const { uid, name, fingerprint } = registration;
    const entry = entries.get(uid) ?? {
      cluster: createRegisteredCluster(name, clusterOptions),
      fingerprint: undefined,
    };
    entries.set(uid, entry);
    if (entry.fingerprint === fingerprint) return;
    entry.fingerprint = fingerprint;
    entry.cluster.switchTo(kubeconfig);
  }

  function report({ registration, rejection }: NameAssignment): RegistrationReport {
    if (rejection !== undefined) return { registration, state: 'refused', detail: rejection };
    const connection = entries.get(registration.uid)?.cluster.latest();
    const status = connection?.lastStatus();
    const detail = status === undefined ? 'no response' : `last response was ${status}`;
    return { registration, state: connection?.state() ?? 'connecting', detail };
  }

  /** Reconciles once for all changes of the same turn, because a list replaces many objects at once. */
  function scheduleReconcile(): void {
    if (pending) return;
    pending = true;
    queueMicrotask(reconcile);
  }

  const unsubscribe = store.subscribe(scheduleReconcile);
  return {
    get: (name) => clusters.get(name)?.(),
    all: () => [...clusters.values()].map((cluster) => cluster()),
    reports: () => assignments.map(report),
    up: () => new Map([...entries.values()].map(({ cluster }) => [cluster.name, cluster.isUp()])),
    caches: () =>
      [...entries.values()].flatMap(({ cluster }) =>
        cluster.caches().map((one) => ({ ...one, cluster: cluster.name })),
      ),
    async close() {
      closed = true;
      unsubscribe();
      await Promise.all([...entries.values()].map(({ cluster }) => cluster.close()));
      entries.clear();
    },
  };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return compareText(a, b);
}
