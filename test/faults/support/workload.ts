import { setTimeout as sleep } from 'node:timers/promises';
import type { RawObject } from '../../../src/kube/raw-object.ts';
import { type Admin, accessKeysPath, secretsPath } from './admin.ts';
import type { History } from './history.ts';
import { createRandom } from './random.ts';

/** Simulated users who create, edit and delete AccessKeys, and count the pairs that they request. */
export interface Workload {
  /** Each user performs this many actions in sequence; the users work concurrently. */
  run(actionsEach: number): Promise<void>;
  /** Lists AccessKeys that had more pairs than requested, or none. */
  violations(): Promise<string[]>;
  readonly done: Readonly<Record<string, number>>;
}

export interface WorkloadOptions {
  admin: Admin;
  history: History;
  namespace: string;
  seed: number;
  /** Number of users. Each edits AccessKeys of its own, so that edits never conflict. */
  users: number;
  accessKeysEach: number;
  /**
   * Never reuses the name of a deleted AccessKey. While the API server is killed, the garbage collector may miss a
   * deletion and treat the successor as the same object (pkg/controller/garbagecollector, graph_builder.go: an update
   * with another uid). Secrets with names that the successor does not use would then stay forever.
   */
  freshNames?: boolean;
}

const pairName = 'main';

export function createWorkload(options: WorkloadOptions): Workload {
  const { admin, history, namespace } = options;
  const done: Record<string, number> = {};
  /** Number of requests for a new pair, by uid of the AccessKey. */
  const requested = new Map<string, number>();
  const pathTo = (name: string) => `${accessKeysPath(namespace)}/${name}`;

  async function edit(name: string, live: RawObject, change: (pair: Pair) => Partial<Pair>): Promise<void> {
    const { keyPairs } = live.spec as { keyPairs: [Pair] };
    await admin.merge(pathTo(name), { spec: { keyPairs: [{ ...keyPairs[0], ...change(keyPairs[0]) }] } });
  }

  const request = (live: RawObject) => requested.set(uidOf(live), (requested.get(uidOf(live)) ?? 0) + 1);

  const actions: Record<string, (name: string, live: RawObject) => Promise<unknown>> = {
    rotate: (name, live) => {
      request(live);
      return edit(name, live, ({ revision = 1 }) => ({ revision: revision + 1 }));
    },
    rename: (name, live) =>
      edit(name, live, ({ secret }) => ({ secret: { ...secret, name: secret?.name ? undefined : `${name}-moved` } })),
    relabel: (name, live) =>
      edit(name, live, ({ secret }) => ({ secret: { ...secret, labels: flip(secret?.labels) } })),
    disable: (name, live) => edit(name, live, ({ enabled }) => ({ enabled: !enabled })),
    rekey: (name, live) =>
      edit(name, live, ({ secret }) => ({ secret: { ...secret, akKey: secret?.akKey ? undefined : 'ACCESS_KEY' } })),
    suspend: (name, { spec }) =>
      admin.merge(pathTo(name), { spec: { suspended: !(spec as { suspended: boolean }).suspended } }),
    loseSecret: async (name, live) => {
      request(live);
      await admin.remove(`${secretsPath(namespace)}/${name}-${pairName}`);
    },
    delete: (name) => admin.remove(pathTo(name)),
  };

  async function act(name: string, random: () => number): Promise<string> {
    const live = await admin.get(pathTo(name));
    const kinds = Object.keys(actions);
    const kind = live ? (kinds[Math.floor(random() * kinds.length)] ?? 'rotate') : 'create';
    done[kind] = (done[kind] ?? 0) + 1;
    if (live) await actions[kind]?.(name, live);
    else await admin.create(accessKeysPath(namespace), manifest(namespace, name));
    return kind;
  }

  const users = Array.from({ length: options.users }, (_, index) => {
    return { index, random: createRandom(options.seed + index), created: 0, deletions: new Map<number, number>() };
  });

  /** A user first creates its AccessKeys. */
  async function doNext(user: (typeof users)[number]): Promise<void> {
    const { index, random, created } = user;
    const isCreating = created < options.accessKeysEach;
    const which = isCreating ? created : Math.floor(random() * options.accessKeysEach);
    if (isCreating) user.created += 1;
    const deletions = user.deletions.get(which) ?? 0;
    const name = `user-${index}-${which}${options.freshNames ? `-${deletions}` : ''}`;
    if ((await act(name, random)) === 'delete') user.deletions.set(which, deletions + 1);
  }

  return {
    done,
    async run(actionsEach) {
      await Promise.all(
        users.map(async (user) => {
          for (let i = 0; i < actionsEach; i += 1) await doNext(user);
        }),
      );
    },
    async violations() {
      const live = await admin.list(accessKeysPath(namespace));
      return live.flatMap((one) => {
        const had = history.aksOf(uidOf(one), pairName).length;
        const most = 1 + (requested.get(uidOf(one)) ?? 0);
        return had >= 1 && had <= most ? [] : [`${one.metadata.name} had ${had} pairs, expected 1 to ${most}`];
      });
    },
  };
}

/** Runs the workload until the returned function is called. @returns stops it and waits for the last actions */
export function keepWorking(workload: Workload): () => Promise<void> {
  let working = true;
  const work = (async () => {
    while (working) {
      await workload.run(1);
      await sleep(50);
    }
  })();
  return () => {
    working = false;
    return work;
  };
}

interface Pair {
  name: string;
  revision?: number;
  enabled: boolean;
  secret?: { name?: string | undefined; akKey?: string | undefined; labels?: Record<string, string> };
}

const uidOf = ({ metadata }: RawObject) => String(metadata.uid);

function flip(labels: Record<string, string> = {}): Record<string, string> {
  return labels.team === 'red' ? { team: 'blue', also: 'yes' } : { team: 'red' };
}

function manifest(namespace: string, name: string): object {
  const spec = { user: { name: `${namespace}-${name}` }, keyPairs: [{ name: pairName }] };
  return { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', metadata: { namespace, name }, spec };
}
