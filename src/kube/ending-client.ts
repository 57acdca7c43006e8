import type { CallOptions, KubernetesClient } from './client.ts';

/**
 * A client for work that ends, such as that of a leader: once the signal aborts, calls in flight are aborted and no further
 * call is sent. A write in flight may still take effect, so it must have a precondition.
 *
 * @param ended may outlive many calls; each call removes its listener
 * @returns a client whose methods also throw the reason of the signal
 */
export function endingClient(client: KubernetesClient, ended: AbortSignal): KubernetesClient {
  async function call<T>(
    options: CallOptions | undefined,
    send: (bound: CallOptions & { signal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    // Not AbortSignal.any, which keeps memory for each call until the signal aborts.
    const signals = [ended, options?.signal].filter((one) => one !== undefined);
    for (const one of signals) one.throwIfAborted();
    const inner = new AbortController();
    const abort = ({ target }: Event) => inner.abort((target as AbortSignal).reason);
    for (const one of signals) one.addEventListener('abort', abort);
    try {
      return await send({ ...options, signal: inner.signal });
    } finally {
      for (const one of signals) one.removeEventListener('abort', abort);
    }
  }

  return {
    get: (object, options) => call(options, (bound) => client.get(object, bound)),
    list: (resource, selection, options) => call(options, (bound) => client.list(resource, selection, bound)),
    names: (resource, selection, options) => call(options, (bound) => client.names(resource, selection, bound)),
    create: (resource, body, options) => call(options, (bound) => client.create(resource, body, bound)),
    replace: (object, body, options) => call(options, (bound) => client.replace(object, body, bound)),
    patch: (object, patch, options) => call(options, (bound) => client.patch(object, patch, bound)),
    delete: (object, preconditions, options) => call(options, (bound) => client.delete(object, preconditions, bound)),
  };
}
