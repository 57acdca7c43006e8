import { expect, it } from 'vitest';
import type { CallOptions, KubernetesClient } from '../../../src/kube/client.ts';
import { endingClient } from '../../../src/kube/ending-client.ts';
import { resources } from '../../../src/kube/resource.ts';

const object = { ...resources.secrets, namespace: 'shop', name: 'a' };

/** A client whose calls take until they are aborted, or respond at once. */
function createClient({ hangs }: { hangs: boolean }) {
  const calls: CallOptions[] = [];
  const call = (options: CallOptions) => {
    calls.push(options);
    const { promise, reject, resolve } = Promise.withResolvers<object>();
    options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
    if (!hangs) resolve({ done: true });
    return promise;
  };
  const client = {
    get: (_: object, options: CallOptions) => call(options),
    list: (_: object, __: object, options: CallOptions) => call(options),
    names: (_: object, __: object, options: CallOptions) => call(options),
    create: (_: object, __: object, options: CallOptions) => call(options),
    replace: (_: object, __: object, options: CallOptions) => call(options),
    patch: (_: object, __: object, options: CallOptions) => call(options),
    delete: (_: object, __: object, options: CallOptions) => call(options),
  };
  return { client: client as unknown as KubernetesClient, calls };
}

const methods: [string, (client: KubernetesClient, options?: CallOptions) => Promise<unknown>][] = [
  ['get', (client, options) => client.get(object, options)],
  ['list', (client, options) => client.list(object, {}, options)],
  ['names', (client, options) => client.names(object, {}, options)],
  ['create', (client, options) => client.create(object, {}, options)],
  ['replace', (client, options) => client.replace(object, {}, options)],
  ['patch', (client, options) => client.patch(object, {}, options)],
  ['delete', (client, options) => client.delete(object, { uid: 'u', resourceVersion: '1' }, options)],
];

it.each(methods)('%s is aborted when the work ends, and not sent afterwards', async (_, run) => {
  const { client, calls } = createClient({ hangs: true });
  const ended = new AbortController();
  const running = run(endingClient(client, ended.signal), { fieldManager: 'test' });
  ended.abort(new Error('ended'));
  await expect(running).rejects.toThrow('ended');
  await expect(run(endingClient(client, ended.signal))).rejects.toThrow('ended');
  expect(calls).toMatchObject([{ fieldManager: 'test' }]);
});

it.each(methods)('%s is also aborted by the signal of the caller', async (_, run) => {
  const { client, calls } = createClient({ hangs: true });
  const caller = new AbortController();
  const running = run(endingClient(client, new AbortController().signal), { signal: caller.signal });
  caller.abort(new Error('the caller'));
  await expect(running).rejects.toThrow('the caller');
  expect(calls).toHaveLength(1);
});

it('is not aborted after its response', async () => {
  const { client, calls } = createClient({ hangs: false });
  const ended = new AbortController();
  expect(await endingClient(client, ended.signal).get(object)).toEqual({ done: true });
  ended.abort();
  expect(calls[0]?.signal?.aborted).toBe(false);
});
