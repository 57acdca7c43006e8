import { setTimeout as sleep } from 'node:timers/promises';
import type { RawObject } from '../../../src/kube/list-watch.ts';
import { type Admin, accessKeysPath, secretsPath } from './admin.ts';
import type { History } from './history.ts';
import { createRandom } from './random.ts';

/** People at work on AccessKeys: they create, edit and delete, and note what they asked for. */
export interface Workload {
  /** Lets each of the people do so many things, one after another, all people at the same time. */
  run(thingsEach: number): Promise<void>;
  /** What the pairs have that nobody asked for, or have not that somebody did. */
  complaints(): Promise<string[]>;
  readonly done: Readonly<Record<string, number>>;
}

export interface WorkloadOptions {
  admin: Admin;
  history: History;
  namespace: string;
  seed: number;
  /** Each has AccessKeys of their own, so that nobody's edits meet. */
  people: number;
  accessKeysEach: number;
  /**
   * Never makes an AccessKey of a name that was there before. While the API server is being killed the garbage collector
   * may miss that one was deleted, and then takes its successor for the same object (pkg/controller/garbagecollector,
   * graph_builder.go: an update with another uid): Secrets of other names than the successor's stay for ever.
   */
  freshNames?: boolean;
}

const pairName = 'main';

export function createWorkload(options: WorkloadOptions): Workload {
  const { admin, history, namespace } = options;
  const done: Record<string, number> = {};
  /** How often a new pair was asked for, by uid of the AccessKey. */
  const asked = new Map<string, number>();
  const pathTo = (name: string) => `${accessKeysPath(namespace)}/${name}`;

  async function edit(name: string, live: RawObject, change: (pair: Pair) => Partial<Pair>): Promise<void> {
    const { keyPairs } = live.spec as { keyPairs: [Pair] };
    await admin.merge(pathTo(name), { spec: { keyPairs: [{ ...keyPairs[0], ...change(keyPairs[0]) }] } });
  }

  const ask = (live: RawObject) => asked.set(uidOf(live), (asked.get(uidOf(live)) ?? 0) + 1);

  const things: Record<string, (name: string, live: RawObject) => Promise<unknown>> = {
    rotate: (name, live) => {
      ask(live);
      return edit(name, live, ({ revision }) => ({ revision: revision + 1 }));
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
      ask(live);
      await admin.remove(`${secretsPath(namespace)}/${name}-${pairName}`);
    },
    delete: (name) => admin.remove(pathTo(name)),
  };

  async function doThing(name: string, random: () => number): Promise<string> {
    const live = await admin.get(pathTo(name));
    const kinds = Object.keys(things);
    const kind = live ? (kinds[Math.floor(random() * kinds.length)] ?? 'rotate') : 'create';
    done[kind] = (done[kind] ?? 0) + 1;
    if (live) await things[kind]?.(name, live);
    else await admin.create(accessKeysPath(namespace), manifest(namespace, name));
    return kind;
  }

  const persons = Array.from({ length: options.people }, (_, index) => {
    return { index, random: createRandom(options.seed + index), made: 0, deaths: new Map<number, number>() };
  });

  /** At first a person makes their AccessKeys. */
  async function doNext(person: (typeof persons)[number]): Promise<void> {
    const { index, random, made } = person;
    const isMaking = made < options.accessKeysEach;
    const which = isMaking ? made : Math.floor(random() * options.accessKeysEach);
    if (isMaking) person.made += 1;
    const deaths = person.deaths.get(which) ?? 0;
    const name = `person-${index}-${which}${options.freshNames ? `-${deaths}` : ''}`;
    if ((await doThing(name, random)) === 'delete') person.deaths.set(which, deaths + 1);
  }

  return {
    done,
    async run(thingsEach) {
      await Promise.all(
        persons.map(async (person) => {
          for (let i = 0; i < thingsEach; i += 1) await doNext(person);
        }),
      );
    },
    async complaints() {
      const live = await admin.list(accessKeysPath(namespace));
      return live.flatMap((one) => {
        const had = history.aksOf(uidOf(one), pairName).length;
        const most = 1 + (asked.get(uidOf(one)) ?? 0);
        return had >= 1 && had <= most ? [] : [`${one.metadata.name} had ${had} pairs, at most ${most} were asked for`];
      });
    },
  };
}

/** Lets people work on until it is told to end. */
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
  revision: number;
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
