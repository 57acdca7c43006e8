import type { Store, Stored } from '../../kube/store.ts';

/**
 * Waits until the caches of this process show a change.
 *
 * @param stores that `check` reads
 * @param check runs at once and whenever one of the stores changes
 * @returns the first truthy result of `check`; undefined after the timeout
 */
export async function waitForCaches<T>(
  stores: readonly Pick<Store<Stored>, 'subscribe'>[],
  timeoutMs: number,
  check: () => T | undefined | false,
): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<T | undefined>();
  const evaluate = () => {
    const result = check();
    if (result) resolve(result);
  };
  const unsubscribe = stores.map((store) => store.subscribe(evaluate));
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  evaluate();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    for (const end of unsubscribe) end();
  }
}
