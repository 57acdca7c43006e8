import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ConnectionError, KubernetesError } from '../../src/kube/errors.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { createTransport, type Transport, type TransportRequest } from '../../src/kube/transport.ts';
import { type ControlPlane, startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { startWatched, type Watched, type WatchedOptions } from '../support/fault-proxy/watched.ts';
import {
  type Fault,
  type FaultDecision,
  type ProxyRequest,
  randomFaults,
  startFaultProxy,
  statusObject,
} from '../support/fault-proxy.ts';

/** A timer can fire early by this much, milliseconds. */
const timerSlack = 2;
/** More names than fit on a page of a list, in the order of the list. */
const morePages = Array.from({ length: 201 }, (_, index) => `object-${1000 + index}`);

let controlPlane: ControlPlane;
let kubectl: Kubectl;

beforeAll(async () => {
  controlPlane = await startControlPlane({ log: () => undefined });
  kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfig);
});
afterAll(() => controlPlane?.stop());

const start = (options: Omit<WatchedOptions, 'controlPlane'> = {}) => startWatched({ controlPlane, ...options });

/** The nth list gets the nth fault; later lists pass. */
const onLists =
  (...faults: readonly (Fault | undefined)[]): FaultDecision =>
  ({ isWatch, nth }) =>
    isWatch ? undefined : faults[nth];
const onWatches =
  (...faults: readonly (Fault | undefined)[]): FaultDecision =>
  ({ isWatch, nth }) =>
    isWatch ? faults[nth] : undefined;

/** @returns the time between two requests, milliseconds */
function between(requests: readonly ProxyRequest[], first: number, second: number): number {
  return (requests[second]?.at ?? Number.NaN) - (requests[first]?.at ?? Number.NaN);
}

/** Changes of every kind. */
async function changeThings({ put, remove }: Watched): Promise<void> {
  await put('one');
  await put('two');
  await put('one');
  await remove('two');
  await put('three');
  await put('two');
}

/** Checks that each change was received once and in order, with only the first list. */
async function expectAllReceived(watched: Watched): Promise<void> {
  await watched.converged();
  expect(watched.received).toEqual(watched.written);
  expect(watched.lists()).toHaveLength(1);
}

describe('without faults', () => {
  test('delivers the existing objects, then each change once', async () => {
    const watched = await start({ existing: ['one'] });
    await watched.reflector.synced;
    expect(watched.reflector.hasSynced()).toBe(true);
    await changeThings(watched);
    await expectAllReceived(watched);
    expect(watched.watches()).toHaveLength(1);
  });

  test('lists more than 200 objects in pages', async () => {
    const watched = await start({ existing: morePages });
    await watched.reflector.synced;
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    const [first, second, ...others] = watched.lists();
    expect(first?.query.get('limit')).toBe('200');
    expect(second?.query.get('continue')).toBeTruthy();
    expect(others).toEqual([]);
  });

  test('bookmarks advance the resourceVersion', async () => {
    const watched = await start({ faults: onWatches({ kind: 'shortWatch', timeoutSeconds: 4 }) });
    await watched.reflector.synced;
    await poll('the watch', async () => watched.watches().length === 1);
    // Without the label, so that the watch does not include it.
    await kubectl.run(['create', 'configmap', 'other', '-n', watched.namespace]);
    const other = await kubectl.get<{ metadata: { resourceVersion: string } }>(
      'configmap',
      'other',
      '-n',
      watched.namespace,
    );
    await poll('the next watch', async () => watched.watches().length === 2);
    const [before, after] = watched.watches().map((one) => BigInt(one.query.get('resourceVersion') ?? 0));
    expect(before).toBeLessThan(BigInt(other.metadata.resourceVersion));
    expect(after).toBeGreaterThanOrEqual(BigInt(other.metadata.resourceVersion));
    expect(watched.watches()[0]?.query.get('allowWatchBookmarks')).toBe('true');
    await expectAllReceived(watched);
    expect(watched.received).toEqual([]);
  });
});

describe('a list', () => {
  test('answered with 429 is retried after Retry-After', async () => {
    const fault: Fault = { kind: 'answer', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 2 };
    const watched = await start({ existing: ['one'], faults: onLists(fault) });
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    expect(watched.lists()).toHaveLength(2);
    expect(between(watched.lists(), 0, 1)).toBeGreaterThanOrEqual(2_000 - timerSlack);
  });

  test('answered with 429 is not retried in a tight loop when Retry-After exceeds the longest timer', async () => {
    const fault: Fault = { kind: 'answer', status: 429, retryAfterSeconds: 3_000_000 };
    const watched = await start({ faults: () => fault });
    await sleep(1_000);
    expect(watched.lists()).toHaveLength(1);
  });

  test.each<[string, Fault]>([
    ['answered 500', { kind: 'answer', status: 500, reason: 'InternalError' }],
    ['answered 503', { kind: 'answer', status: 503, reason: 'ServiceUnavailable' }],
    ['cut before the answer', { kind: 'cut' }],
    ['cut instead of the answer', { kind: 'loseAnswer' }],
    ['cut in the middle of the answer', { kind: 'cutAfterBytes', bytes: 100 }],
  ])('%s is retried', async (_name, fault) => {
    const watched = await start({ existing: ['one', 'two'], faults: onLists(fault, fault) });
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    expect(watched.proxy.faults).toEqual({ [fault.kind]: 2 });
    expect(watched.lists()).toHaveLength(3);
  });

  test.each([
    ['a web page', '<html>Log in first</html>'],
    ['null', 'null'],
    ['a Status', statusObject(200, '')],
    ['an empty object', '{}'],
    ['a list without a resourceVersion', '{"kind":"ConfigMapList","metadata":{},"items":[]}'],
  ])('answered with 200 and %s is retried, and no object counts as deleted', async (_name, body) => {
    const answer: Fault = { kind: 'answer', status: 200, body };
    const faults: FaultDecision = ({ isWatch, nth }) => {
      if (isWatch) return nth === 0 ? { kind: 'answer', status: 410, reason: 'Expired' } : undefined;
      return nth === 1 ? answer : undefined;
    };
    const watched = await start({ existing: ['one', 'two'], faults });
    await poll('the fault', async () => watched.lists().length > 1);
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
  });

  test('starts over when its continue token expires', async () => {
    const watched = await start({
      existing: morePages,
      faults: onLists(undefined, { kind: 'answer', status: 410, reason: 'Expired' }),
    });
    await watched.reflector.synced;
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    const pages = watched.lists().map((one) => one.query.has('continue'));
    expect(pages).toEqual([false, true, false, true]);
  });

  test('cut at the second page delivers nothing until it is complete', async () => {
    const faults: FaultDecision = ({ query }) => (query.has('continue') ? { kind: 'cut' } : undefined);
    const watched = await start({ existing: morePages, faults });
    await poll('two attempts', async () => watched.proxy.faults.cut === 2);
    expect(watched.received).toEqual([]);
    expect(watched.reflector.hasSynced()).toBe(false);
    watched.proxy.decide = () => undefined;
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
  });
});

describe('a watch', () => {
  const line = (text: string): Fault => ({ kind: 'garbleLine', afterLines: 1, garble: () => text });
  const half: Fault = { kind: 'garbleLine', afterLines: 1, garble: (text) => text.slice(0, text.length / 2) };

  test.each<[string, Fault]>([
    ['is cut before its first line', { kind: 'cutWatch', afterLines: 0 }],
    ['is cut between two lines', { kind: 'cutWatch', afterLines: 2 }],
    ['is cut in the middle of a line', { kind: 'cutInLine', afterLines: 1 }],
    ['is ended by the server', { kind: 'endWatch', afterLines: 2 }],
    ['has garbage for a line', line('\u0000\u{fffd}<html>')],
    ['has half a line for a whole one', half],
    ['has null for a line', line('null')],
    ['has a text for a line', line('"ADDED"')],
    ['has an empty object for a line', line('{}')],
    ['has a Status for a line', line(statusObject(200, ''))],
    ['has an event of an unknown type', line('{"type":"TOUCHED","object":{"metadata":{"resourceVersion":"7"}}}')],
    ['has an event without an object', line('{"type":"ADDED"}')],
    ['has an event without a resourceVersion', line('{"type":"ADDED","object":{"metadata":{"name":"a"}}}')],
    ['has an object without a name', line('{"type":"ADDED","object":{"metadata":{"resourceVersion":"7"}}}')],
    ['has an ERROR event 500', line(`{"type":"ERROR","object":${statusObject(500, 'InternalError')}}`)],
    ['is answered 500', { kind: 'answer', status: 500 }],
    ['is answered 503', { kind: 'answer', status: 503 }],
    ['gets no answer', { kind: 'cut' }],
  ])('%s continues where it was, without a list', async (_name, fault) => {
    const watched = await start({ existing: ['one'], faults: onWatches(fault) });
    await watched.reflector.synced;
    await changeThings(watched);
    await expectAllReceived(watched);
    expect(watched.proxy.faults).toEqual({ [fault.kind]: 1 });
  });

  test('answered with 429 is retried after Retry-After, without a list', async () => {
    const watched = await start({ faults: onWatches({ kind: 'answer', status: 429, retryAfterSeconds: 2 }) });
    await watched.reflector.synced;
    await changeThings(watched);
    await expectAllReceived(watched);
    expect(between(watched.watches(), 0, 1)).toBeGreaterThanOrEqual(2_000 - timerSlack);
  });

  test('that fails three times in a row causes a new list without repeated changes', async () => {
    const fault: Fault = { kind: 'answer', status: 500 };
    const watched = await start({ existing: ['one', 'two'], faults: onWatches(fault, fault, fault) });
    await watched.reflector.synced;
    await watched.remove('two');
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    expect(watched.lists()).toHaveLength(2);
  });

  test.each([
    ['500', 'the watch', 500, (watched: Watched) => watched.watches()],
    ['410', 'the list', 410, (watched: Watched) => watched.lists()],
  ])('that is always answered with %s is retried with backoff (%s)', async (_status, _what, status, requests) => {
    const watched = await start({ faults: ({ isWatch }) => (isWatch ? { kind: 'answer', status } : undefined) });
    await poll('five attempts', async () => requests(watched).length >= 5);
    // After the fourth failure: half of 500 ms, doubled three times.
    expect(between(requests(watched), 3, 4)).toBeGreaterThanOrEqual(2_000 - timerSlack);
  });

  test('that is half-open is replaced, and missed changes are delivered', async () => {
    const watched = await start({ idleTimeoutMs: 2_000, faults: onWatches({ kind: 'halfOpen', afterLines: 1 }) });
    await watched.reflector.synced;
    await changeThings(watched);
    await poll('the next watch', async () => watched.watches().length > 1);
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    expect(watched.proxy.faults).toEqual({ halfOpen: 1 });
  });

  test.each<[string, FaultDecision]>([
    ['at once', ({ isWatch }) => (isWatch ? { kind: 'endWatch', afterLines: 0 } : undefined)],
    ['after a bookmark', ({ isWatch, query }) => (isWatch ? bookmarkOnly(query) : undefined)],
  ])('that always ends %s is not repeated in a tight loop', async (_name, faults) => {
    const watched = await start({ existing: ['one'], faults });
    await watched.reflector.synced;
    await poll('the fourth watch', async () => watched.watches().length > 3);
    expect(watched.proxy.requests.length).toBeLessThan(25);
    // The shortest backoff is 250 ms, or half of that after a recovery.
    for (const nth of [1, 2, 3]) expect(between(watched.watches(), nth - 1, nth)).toBeGreaterThan(100);
    watched.proxy.decide = () => undefined;
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
  });

  test('of Secrets logs nothing of their content when it is garbled', async () => {
    const value = 'correct-horse-battery-staple-0123456789';
    const encoded = Buffer.from(value).toString('base64');
    const garble = (text: string) => text.slice(text.indexOf(encoded));
    const watched = await start({
      resource: 'secrets',
      faults: onWatches({ kind: 'garbleLine', afterLines: 0, garble }),
    });
    await watched.reflector.synced;
    await watched.put('secret', value);
    await expectAllReceived(watched);
    expect(watched.proxy.faults).toEqual({ garbleLine: 1 });
    expect(watched.log.some((one) => one.includes('watch failed'))).toBe(true);
    const pieces = Array.from({ length: encoded.length - 8 }, (_, index) => encoded.slice(index, index + 8));
    expect(pieces.filter((piece) => watched.log.join('').includes(piece))).toEqual([]);
  });
});

/** A watch that consists of one bookmark at its initial resourceVersion. */
function bookmarkOnly(query: URLSearchParams): Fault {
  const object = { kind: 'ConfigMap', metadata: { resourceVersion: query.get('resourceVersion') } };
  return { kind: 'answer', status: 200, body: `${JSON.stringify({ type: 'BOOKMARK', object })}\n` };
}

describe('410 Gone', () => {
  test.each<[string, Fault]>([
    ['as the answer to a watch', { kind: 'answer', status: 410, reason: 'Expired' }],
    [
      'as an event of a watch',
      { kind: 'insertLine', afterLines: 0, line: `{"type":"ERROR","object":${statusObject(410, 'Expired')}}` },
    ],
  ])('%s causes a new list', async (_name, fault) => {
    const watched = await start({ existing: ['one'], faults: onWatches(fault) });
    await poll('the next list', async () => watched.lists().length === 2);
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    expect(watched.proxy.faults).toEqual({ [fault.kind]: 1 });
  });

  test('of the API server causes a new list that delivers missed creations and deletions', async () => {
    const watched = await start({
      existing: ['changed', 'gone', 'kept'],
      faults: onWatches({ kind: 'halfOpen', afterLines: 0 }),
    });
    await poll('the half-open watch', async () => watched.proxy.faults.halfOpen === 1);
    await watched.remove('gone');
    await watched.put('changed');
    await watched.put('made');
    // Its watch cache starts empty and no longer has older versions.
    onTestFinished(() => controlPlane.startApiServer());
    await controlPlane.stopApiServer();
    await controlPlane.startApiServer();
    const [first] = watched.watches();
    const query = new URLSearchParams(first?.query).toString().replace(/timeoutSeconds=\d+/, 'timeoutSeconds=2');
    expect(await kubectl.run(['get', '--raw', `${first?.path}?${query}`])).toContain('"code":410');
    watched.proxy.disconnect();
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
    expect(watched.lists()).toHaveLength(2);
    expect(watched.watches()).toHaveLength(3);
  });
});

describe('an API server that is restarted', () => {
  test.each(['SIGTERM', 'SIGKILL'] as const)('with %s loses no change', async (signal) => {
    const watched = await start({ existing: ['one'] });
    await watched.reflector.synced;
    await changeThings(watched);
    await watched.converged();
    const held = watched.received;
    onTestFinished(() => controlPlane.startApiServer());
    await controlPlane.stopApiServer(signal);
    await poll('a watch that fails', async () => watched.log.some((one) => one.includes('watch failed')));
    expect(watched.received).toEqual(held);
    await controlPlane.startApiServer();
    await watched.remove('one');
    await watched.put('four');
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
  });
});

describe('freshness', () => {
  test('follows the last event while a watch is open', async () => {
    const watched = await start();
    expect(watched.reflector.freshness()).toEqual({
      resourceVersion: undefined,
      ageSeconds: Number.POSITIVE_INFINITY,
      watching: false,
    });
    await watched.converged();
    const { resourceVersion, ageSeconds, watching } = watched.reflector.freshness();
    const [last] = [...watched.store.values()];
    expect({ resourceVersion, watching }).toEqual({ resourceVersion: last?.resourceVersion, watching: true });
    expect(ageSeconds).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test('ages while watches fail, also if a proxy answers them', async () => {
    const page: Fault = { kind: 'answer', status: 200, body: '<html>Log in first</html>' };
    const watched = await start({ existing: ['one'] });
    await watched.converged();
    const before = watched.reflector.freshness();
    watched.proxy.decide = () => page;
    watched.proxy.disconnect();
    await poll('two attempts', async () => watched.proxy.faults.answer === 2);
    await poll('the end of the second', async () => !watched.reflector.freshness().watching);
    const after = watched.reflector.freshness();
    expect(after.resourceVersion).toBe(before.resourceVersion);
    // The shortest delay after the first failure is half of 500 ms.
    expect(after.ageSeconds).toBeGreaterThanOrEqual(before.ageSeconds + 0.25);
    watched.proxy.decide = () => undefined;
    await poll('a younger age', async () => watched.reflector.freshness().ageSeconds < after.ageSeconds);
    await watched.converged();
    expect(watched.reflector.freshness().watching).toBe(true);
  });
});

describe('random faults', () => {
  test('in half of all requests cause no lost or repeated change', async () => {
    const watched = await start({ existing: ['0', '1', '2'], faults: randomFaults({ seed: 7, share: 0.5 }) });
    for (let round = 0; round < 300; round += 1) {
      const name = String(round % 10);
      // A watch without a fault would stay open, so that no later watch could have one.
      if (round % 25 === 0) watched.proxy.disconnect();
      if (round % 7 < 5 || !isThere(watched, name)) await watched.put(name);
      else await watched.remove(name);
      await sleep(20);
    }
    expect(Object.keys(watched.proxy.faults).length).toBeGreaterThan(2);
    watched.proxy.decide = () => undefined;
    await watched.converged();
    const done = new Set(watched.written);
    expect(watched.received.filter((one) => !done.has(one))).toEqual([]);
  });
});

/** Whether the last change of an object was not its deletion. */
function isThere({ written }: Watched, name: string): boolean {
  const last = written.findLast((one) => one.startsWith(`${name}@`) || one === `-${name}`);
  return last?.startsWith(`${name}@`) ?? false;
}

describe('a token', () => {
  test('is read again from the kubeconfig when the API server rejects it', async () => {
    const original = join(controlPlane.directory, 'refused.kubeconfig');
    const text = await readFile(controlPlane.kubeconfig, 'utf8');
    await writeFile(original, text.replace(/token: .*/, 'token: refused'));
    const watched = await start({ existing: ['one'], original });
    await poll('a rejection', async () => watched.log.some((one) => one.includes('401 Unauthorized')));
    expect(watched.reflector.hasSynced()).toBe(false);
    await watched.proxy.kubeconfig(watched.kubeconfig, controlPlane.kubeconfig);
    await watched.converged();
    expect(watched.received).toEqual(watched.written);
  });

  test('that expires during a watch is replaced immediately, without a list', async () => {
    const watched = await start({ existing: ['one'] });
    await poll('the watch', async () => watched.watches().length === 1);
    const old = watched.watches()[0]?.headers.authorization;
    await writeNewToken(watched);
    watched.proxy.decide = ({ headers }) =>
      headers.authorization === old ? { kind: 'answer', status: 401, reason: 'Unauthorized' } : undefined;
    watched.proxy.disconnect();
    await changeThings(watched);
    await expectAllReceived(watched);
    expect(watched.proxy.faults).toEqual({ answer: 1 });
    expect(watched.watches().map((one) => one.headers.authorization === old)).toEqual([true, true, false]);
    expect(watched.log.filter((one) => one.includes('watch failed'))).toHaveLength(1);
  });

  test('in a file, as in a pod, is read again after a 401', async () => {
    const file = join(controlPlane.directory, 'token-file');
    await writeFile(file, 'refused');
    const transport = createTransport(() => tokenFileKubeconfig(file), 'reflector-test');
    onTestFinished(() => transport.close());
    const version = { method: 'GET', path: '/api/v1/namespaces' } as const;
    await expect(transport.send(version)).rejects.toMatchObject({ status: 401, reason: 'Unauthorized' });
    await writeFile(file, loadKubeconfig(controlPlane.kubeconfig).getCurrentUser()?.token ?? '');
    const answer = await transport.send(version);
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
  });
});

/** Writes the token of another administrator to the reflector's kubeconfig. */
async function writeNewToken({ kubeconfig, namespace }: Watched): Promise<void> {
  await kubectl.run(['create', 'serviceaccount', 'new', '-n', namespace]);
  const binding = ['clusterrolebinding', `${namespace}-new`];
  await kubectl.run(['create', ...binding, '--clusterrole=cluster-admin', `--serviceaccount=${namespace}:new`]);
  const token = await kubectl.run(['create', 'token', 'new', '-n', namespace]);
  const text = await readFile(kubeconfig, 'utf8');
  await writeFile(kubeconfig, text.replace(/token: .*/, `token: ${token.trim()}`));
}

/** The configuration that client-node loads in a pod. */
function tokenFileKubeconfig(tokenFile: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  const cluster = loadKubeconfig(controlPlane.kubeconfig).getCurrentCluster();
  if (!cluster) throw new Error('the kubeconfig names no cluster');
  kubeconfig.loadFromClusterAndUser(cluster, {
    name: 'inClusterUser',
    authProvider: { name: 'tokenFile', config: { tokenFile } },
  });
  return kubeconfig;
}

describe('abort', () => {
  test.each<[string, Fault | undefined]>([
    ['a watch', undefined],
    ['a wait for Retry-After', { kind: 'answer', status: 429, retryAfterSeconds: 3_600 }],
    ['a list without an answer', { kind: 'delay', ms: 3_600_000 }],
  ])('during %s ends run() and leaves no handles', async (_name, fault) => {
    const proxy = await startFaultProxy(controlPlane);
    onTestFinished(() => proxy.stop());
    proxy.decide = () => fault;
    const kubeconfig = join(controlPlane.directory, 'aborted.kubeconfig');
    await proxy.kubeconfig(kubeconfig, controlPlane.kubeconfig);
    const script = join(import.meta.dirname, '../support/fault-proxy/reflector-process.ts');
    const child = spawn(process.execPath, [script, kubeconfig, '/api/v1/namespaces/default/configmaps'], {
      stdio: 'pipe',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    await poll('the request', async () => proxy.requests.some((one) => fault || one.isWatch));
    child.kill('SIGTERM');
    const [code, signal] = await once(child, 'close');
    expect({ code, signal, output }).toEqual({ code: 0, signal: null, output: 'run ended\n' });
    await poll('no connection', async () => (await proxy.openConnections()) === 0);
  });
});

describe('the transport', () => {
  let transport: Transport;
  const asNobody = { 'impersonate-user': 'nobody' };
  const send = (method: TransportRequest['method'], path: string, body?: object, headers = {}) =>
    transport.send({
      method,
      path,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });

  beforeAll(() => {
    transport = createTransport(() => loadKubeconfig(controlPlane.kubeconfig), 'reflector-test');
  });
  afterAll(() => transport?.close());

  test.each([
    [404, 'NotFound', () => send('GET', '/api/v1/namespaces/default/secrets/missing')],
    [409, 'AlreadyExists', () => send('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })],
    [403, 'Forbidden', () => send('GET', '/api/v1/secrets', undefined, asNobody)],
  ])('reports a %i with its status and reason %s', async (status, reason, ask) => {
    const error = await ask().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KubernetesError);
    expect(error).toMatchObject({ status, reason, retryAfterMs: 0 });
    expect((error as Error).message).toContain(`${status} ${reason}`);
  });

  test('does not include the request in the error of a 422', async () => {
    const body = {
      metadata: { name: 'invalid' },
      immutable: true,
      type: 'kubernetes.io/tls',
      stringData: { a: 'hush' },
    };
    const error = await send('POST', '/api/v1/namespaces/default/secrets', body).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 422, reason: 'Invalid' });
    expect((error as Error).message).toBe('POST /api/v1/namespaces/default/secrets: 422 Invalid');
  });

  test('rejects with the abort reason, before and during a call', async () => {
    const { proxy, through } = await throughProxy();
    proxy.decide = () => ({ kind: 'delay', ms: 3_600_000 });
    const before = { method: 'GET', path: '/version', signal: AbortSignal.abort('no longer wanted') } as const;
    await expect(through.send(before)).rejects.toBe('no longer wanted');
    expect(proxy.requests).toEqual([]);
    const stop = new AbortController();
    const call = through.send({ ...before, signal: stop.signal }).catch((thrown: unknown) => thrown);
    await poll('the request', async () => proxy.requests.length === 1);
    stop.abort('no longer wanted');
    expect(await call).toBe('no longer wanted');
  });

  test('rejects with a ConnectionError and its cause when no server listens', async () => {
    const { proxy, through } = await throughProxy();
    await proxy.stop();
    const error = await through.send({ method: 'GET', path: '/version' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  });

  test('rejects with a ConnectionError when the certificate is not signed by the CA of the kubeconfig', async () => {
    const kubeconfig = loadKubeconfig(controlPlane.kubeconfig);
    const { server = '' } = kubeconfig.getCurrentCluster() ?? {};
    kubeconfig.clusters = [{ name: kubeconfig.getClusters()[0]?.name ?? '', server, skipTLSVerify: false }];
    const distrusting = createTransport(() => kubeconfig, 'reflector-test');
    onTestFinished(() => distrusting.close());
    const error = await distrusting.send({ method: 'GET', path: '/version' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect((error as Error).cause).toMatchObject({ code: expect.stringMatching(/CERT/) });
  });

  test('does not retry a write whose response was lost', async () => {
    const { proxy, through } = await throughProxy();
    proxy.decide = () => ({ kind: 'loseAnswer' });
    const body = JSON.stringify({ metadata: { name: 'written' } });
    const headers = { 'content-type': 'application/json' };
    const path = '/api/v1/namespaces/default/configmaps';
    await expect(through.send({ method: 'POST', path, headers, body })).rejects.toThrow(ConnectionError);
    expect(proxy.requests).toHaveLength(1);
    const answer = await send('GET', `${path}/written`);
    expect(await answer.body.json()).toMatchObject({ metadata: { name: 'written' } });
  });

  test('ends its watches when it is closed, also after a 401', async () => {
    const { proxy, through } = await throughProxy();
    const path = '/api/v1/namespaces/default/configmaps';
    const watch = await through.send({ method: 'GET', path: `${path}?watch=1`, idleTimeoutMs: 60_000 });
    watch.body.on('error', () => undefined);
    proxy.decide = ({ nth, isWatch }) => (isWatch || nth > 0 ? undefined : { kind: 'answer', status: 401 });
    const answer = await through.send({ method: 'GET', path });
    await answer.body.dump();
    await through.close();
    await poll('no connection', async () => (await proxy.openConnections()) === 0);
  });

  async function throughProxy() {
    const proxy = await startFaultProxy(controlPlane);
    const file = join(controlPlane.directory, `proxy-${proxy.url.split(':')[2]}.kubeconfig`);
    await proxy.kubeconfig(file, controlPlane.kubeconfig);
    const through = createTransport(() => loadKubeconfig(file), 'reflector-test');
    onTestFinished(async () => {
      await through.close();
      await proxy.stop();
    });
    return { proxy, through };
  }
});
