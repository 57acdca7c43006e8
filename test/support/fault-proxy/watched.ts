import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, onTestFinished } from 'vitest';
import { loadKubeconfig } from '../../../src/kube/kubeconfig.ts';
import type { RawObject } from '../../../src/kube/raw-object.ts';
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
  /** The reflector uses a copy of this kubeconfig. Default: that of the administrator. */
  original?: string;
}

/** ConfigMaps or Secrets in a new namespace, and a reflector that watches them through a fault proxy. */
export interface Watched {
  readonly proxy: FaultProxy;
  readonly namespace: string;
  /** The kubeconfig that the reflector uses. */
  readonly kubeconfig: string;
  readonly store: Store<WatchedRecord>;
  readonly reflector: Reflector;
  /** Changes that listeners received, as name@resourceVersion or -name, without the marker of `converged`. */
  readonly received: readonly string[];
  /** Changes that were made, in the same form. */
  readonly written: readonly string[];
  /** Lines of the reflector's log. */
  readonly log: readonly string[];
  /** Creates or replaces an object, bypassing the proxy. */
  put(name: string, value?: string): Promise<void>;
  /** Deletes an object, bypassing the proxy. */
  remove(name: string): Promise<void>;
  /** Waits until a final change has arrived, and checks that the store has the same objects as the API server. */
  converged(): Promise<void>;
  lists(): ProxyRequest[];
  watches(): ProxyRequest[];
}

/** Starts a reflector behind a proxy; both end with the test. */
export async function startWatched(options: WatchedOptions): Promise<Watched> {
  const { controlPlane, resource = 'configmaps', existing = [] } = options;
  const { proxy, kubeconfig, direct, transport } = await openTransports(options);
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
    get received() {
      return withoutMarker(observed.received);
    },
    get written() {
      return withoutMarker(objects.written);
    },
    log,
    put: objects.put,
    remove: objects.remove,
    async converged() {
      await objects.put(marker);
      const last = objects.written.at(-1) ?? '';
      await poll(`the change ${last}`, async () => observed.received.includes(last));
      observed.expectNoRepetition();
      expect(observed.contents()).toEqual(await listed());
    },
    lists: () => requests(false),
    watches: () => requests(true),
  };
}

/** Creates a direct transport and one through the proxy. */
async function openTransports({ controlPlane, original = controlPlane.kubeconfig }: WatchedOptions) {
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

/** The reflector stops before its transport, since the last registered hook runs first. */
function runUntilTestEnds(reflector: Reflector): void {
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
}

/** A store whose changes are recorded and compared with earlier ones. */
function observe() {
  const store = createStore<WatchedRecord>({});
  const received: string[] = [];
  const contradictions: string[] = [];
  const replayed = new Map<string, WatchedRecord>();
  store.subscribe((change) => {
    const name = change.key.split('/')[1] ?? '';
    if (change.previous !== replayed.get(change.key)) contradictions.push(`${name}: wrong previous record`);
    if (change.current) replayed.set(change.key, change.current);
    else replayed.delete(change.key);
    received.push(change.current ? `${name}@${change.current.resourceVersion}` : `-${name}`);
  });
  return {
    store,
    received: received as readonly string[],
    contents: () => [...store.values()].map((record) => JSON.stringify(record)).sort(),
    expectNoRepetition() {
      const versions = received.filter((one) => one.includes('@'));
      expect(versions).toEqual([...new Set(versions)]);
      expect(contradictions).toEqual([]);
    },
  };
}
