import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, onTestFinished } from 'vitest';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import type { RawObject } from '../../../src/kube/list-watch.ts';
import { createReflector, type Reflector } from '../../../src/kube/reflector.ts';
import { createStore, type Store } from '../../../src/kube/store.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import type { ControlPlane } from '../../../tools/control-plane/control-plane.ts';
import { createKubectl } from '../../../tools/kubectl.ts';
import { poll } from '../../../tools/poll.ts';
import { type FaultDecision, type FaultProxy, type ProxyRequest, startFaultProxy } from '../fault-proxy.ts';
import { createObjects, labelSelector, toRecord, type WatchedRecord } from './watched-objects.ts';

/** Name of the object that is changed last. */
const marker = 'marker';
const userAgent = 'reflector-test';

export interface WatchedOptions {
  controlPlane: ControlPlane;
  resource?: 'configmaps' | 'secrets';
  faults?: FaultDecision;
  idleTimeoutMs?: number;
  /** Names of objects that exist before the first list. */
  existing?: readonly string[];
  /** The kubeconfig that the reflector uses a copy of; by default the administrator's. */
  original?: string;
}

/** ConfigMaps or Secrets in a namespace of their own, and a reflector that watches them through a fault proxy. */
export interface Watched {
  readonly proxy: FaultProxy;
  readonly namespace: string;
  /** The kubeconfig that the reflector uses. */
  readonly kubeconfig: string;
  readonly store: Store<WatchedRecord>;
  readonly reflector: Reflector;
  /** What listeners were told, in order: name@resourceVersion, or -name. The marker of `converged` is left out. */
  readonly told: readonly string[];
  /** What was done, in the same form. */
  readonly done: readonly string[];
  /** Lines of the reflector's log. */
  readonly log: readonly string[];
  /** Creates or replaces an object, past the proxy. */
  put(name: string, value?: string): Promise<void>;
  /** Deletes an object, past the proxy. */
  remove(name: string): Promise<void>;
  /** Waits until a last change has come, and checks that the store holds then what the API server does. */
  converged(): Promise<void>;
  lists(): ProxyRequest[];
  watches(): ProxyRequest[];
}

/** Starts a reflector behind a proxy; both end with the test. */
export async function startWatched(options: WatchedOptions): Promise<Watched> {
  const { controlPlane, resource = 'configmaps', existing = [] } = options;
  const { proxy, kubeconfig, direct, transport } = await openWays(options);
  const objects = await createObjects(direct, resource);
  for (const name of existing) await objects.put(name);
  proxy.decide = options.faults ?? proxy.decide;
  const observed = observe();
  const log: string[] = [];
  const reflector = createReflector<WatchedRecord>({
    transport,
    target: { path: objects.path, labelSelector },
    store: observed.store,
    transform: toRecord,
    log: pino({ base: null }, { write: (line: string) => log.push(line) }),
    ...(options.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: options.idleTimeoutMs }),
  });
  runUntilTestEnds(reflector);

  const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
  async function listed(): Promise<string[]> {
    const selector = ['-n', objects.namespace, '-l', labelSelector];
    const { items } = await kubectl.get<{ items: RawObject[] }>(resource, ...selector);
    return items.map((item) => JSON.stringify(toRecord(item))).sort();
  }
  const withoutMarker = (changes: readonly string[]) => changes.filter((one) => !one.startsWith(marker));
  const requests = (isWatch: boolean) =>
    proxy.requests.filter((one) => one.path === objects.path && one.method === 'GET' && one.isWatch === isWatch);
  return {
    proxy,
    namespace: objects.namespace,
    kubeconfig,
    store: observed.store,
    reflector,
    get told() {
      return withoutMarker(observed.told);
    },
    get done() {
      return withoutMarker(objects.done);
    },
    log,
    put: objects.put,
    remove: objects.remove,
    async converged() {
      await objects.put(marker);
      const last = objects.done.at(-1) ?? '';
      await poll(`the change ${last}`, async () => observed.told.includes(last));
      observed.expectNothingTwice();
      expect(observed.held()).toEqual(await listed());
    },
    lists: () => requests(false),
    watches: () => requests(true),
  };
}

/** Opens the way past the proxy and the one through it. */
async function openWays({ controlPlane, original = controlPlane.kubeconfig }: WatchedOptions) {
  const proxy = await startFaultProxy(controlPlane);
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-reflector-'));
  const kubeconfig = join(directory, 'kubeconfig');
  await proxy.kubeconfig(kubeconfig, original);
  const direct = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), userAgent);
  const transport = createTransport(() => loadKubeconfig(kubeconfig), userAgent);
  onTestFinished(async () => {
    await Promise.all([transport.close(), direct.close(), proxy.stop()]);
    await rm(directory, { recursive: true, force: true });
  });
  return { proxy, kubeconfig, direct, transport };
}

/** What is registered last is done first: it ends before its transport. */
function runUntilTestEnds(reflector: Reflector): void {
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
}

/** A store whose every change is noted and held against what was told before. */
function observe() {
  const store = createStore<WatchedRecord>({});
  const told: string[] = [];
  const contradictions: string[] = [];
  const replayed = new Map<string, WatchedRecord>();
  store.subscribe((change) => {
    const name = change.key.split('/')[1] ?? '';
    if (change.previous !== replayed.get(change.key)) contradictions.push(`${name}: told another previous record`);
    if (change.current) replayed.set(change.key, change.current);
    else replayed.delete(change.key);
    told.push(change.current ? `${name}@${change.current.resourceVersion}` : `-${name}`);
  });
  return {
    store,
    told: told as readonly string[],
    held: () => [...store.values()].map((record) => JSON.stringify(record)).sort(),
    expectNothingTwice() {
      const versions = told.filter((one) => one.includes('@'));
      expect(versions).toEqual([...new Set(versions)]);
      expect(contradictions).toEqual([]);
    },
  };
}
