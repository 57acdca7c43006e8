import type { KubeconfigError } from '../kube/kubeconfig.ts';
import type { Store } from '../kube/store.ts';
import type { Cluster, Clusters } from './cluster.ts';
import type { Connection } from './connection.ts';
import type { ConnectionState } from './connection-state.ts';
import { type Judged, judgeRegistrations } from './name-plan.ts';
import { createMember, type Member, type MemberOptions } from './registered-cluster.ts';
import type { Registration } from './registration.ts';

/** What became of a registration. */
export interface RegistrationReport {
  readonly registration: Registration;
  readonly state: ConnectionState | 'refused';
  /** For a person: why it is refused, or what the cluster last said. Never a secret. */
  readonly detail: string;
}

export type CacheOfCluster = Connection['caches'][number] & { readonly cluster: string };

/** The clusters: this one, and those that are registered now. */
export interface Registry extends Clusters {
  /** Of all registrations, also the refused ones. */
  reports(): readonly RegistrationReport[];
  /** Of the registered clusters that have their name: whether each answers up to date. */
  up(): ReadonlyMap<string, boolean>;
  /** The watch caches of what answers now. */
  caches(): readonly CacheOfCluster[];
  /** Closes all connections; nothing is followed any more. */
  close(): Promise<void>;
}

export interface RegistryOptions extends MemberOptions {
  /** The cluster that the operator works for. */
  home: Cluster;
  /** The registrations as the watch tells them. */
  store: Pick<Store<Registration>, 'values' | 'subscribe'>;
}

interface Seat {
  readonly member: Member;
  fingerprint: string | undefined;
}

/**
 * Follows the registrations: each change is taken up by comparing all of them with the members that there are, so that
 * it does not matter what came in which order.
 */
export function createRegistry({ home, store, ...memberOptions }: RegistryOptions): Registry {
  let judged: readonly Judged[] = [];
  let pending = false;
  let closed = false;
  /** By uid of the Secret: one that was deleted and made again is another. */
  const seats = new Map<string, Seat>();
  let clusters: ReadonlyMap<string, () => Cluster> = new Map([[home.name, () => home]]);

  function follow(): void {
    pending = false;
    if (closed) return;
    judged = judgeRegistrations(store.values(), home.name);
    const holders = new Map(judged.filter((one) => one.holdsName).map((one) => [one.registration.uid, one]));
    for (const [uid, { member }] of seats) if (holders.get(uid)?.registration.name !== member.name) leave(uid, member);
    for (const one of holders.values()) seat(one);
    const members = [...seats.values()].map(({ member }) => [member.name, member.cluster] as const);
    clusters = new Map([[home.name, () => home] as const, ...members].sort(byName));
  }

  function leave(uid: string, member: Member): void {
    seats.delete(uid);
    void member.close();
  }

  function seat({ registration, refusal }: Judged): void {
    const { uid, name, fingerprint, kubeconfig } = registration;
    const present = seats.get(uid) ?? { member: createMember(name, memberOptions), fingerprint: undefined };
    seats.set(uid, present);
    if (present.fingerprint === fingerprint) return;
    present.fingerprint = fingerprint;
    present.member.follow(
      refusal === undefined ? (kubeconfig as Exclude<typeof kubeconfig, KubeconfigError>) : undefined,
    );
  }

  function report({ registration, refusal }: Judged): RegistrationReport {
    if (refusal !== undefined) return { registration, state: 'refused', detail: refusal };
    const connection = seats.get(registration.uid)?.member.latest();
    const status = connection?.lastStatus();
    const detail = status === undefined ? 'no answer came' : `its last answer was ${status}`;
    return { registration, state: connection?.state() ?? 'connecting', detail };
  }

  // A list comes as many changes at once: they are looked at together.
  const unsubscribe = store.subscribe(() => {
    if (!pending) queueMicrotask(follow);
    pending = true;
  });
  return {
    get: (name) => clusters.get(name)?.(),
    all: () => [...clusters.values()].map((cluster) => cluster()),
    reports: () => judged.map(report),
    up: () => new Map([...seats.values()].map(({ member }) => [member.name, member.isUp()])),
    caches: () =>
      [...seats.values()].flatMap(({ member }) => member.caches().map((one) => ({ ...one, cluster: member.name }))),
    async close() {
      closed = true;
      unsubscribe();
      await Promise.all([...seats.values()].map(({ member }) => member.close()));
      seats.clear();
    },
  };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
