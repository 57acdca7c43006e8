import { pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { liveStates } from '../../accesskey/model/pair-state.ts';

/** A pair that the controller is expected to create, with this revision or a later one. */
export interface ExpectedPair {
  namespace: string;
  accessKey: string;
  pair: string;
  revision: number;
}

/** A pair that the controller has created. */
export interface CreatedPair {
  ak: string;
  secretName: string;
}

/** @returns the pair if the cached status says that it has been created */
function findCreated({ accessKeys }: AccessKeyCaches, expected: ExpectedPair): CreatedPair | undefined {
  const record = accessKeys.get(`${expected.namespace}/${expected.accessKey}`);
  const status = record && pairStatusOf(record, expected.pair);
  if (!status?.accessKey || !liveStates.has(status.state)) return undefined;
  if ((status.revision ?? 0) < expected.revision) return undefined;
  return { ak: status.accessKey, secretName: status.secretName };
}

/**
 * Waits until the controller has created a pair.
 *
 * @returns the pair, or undefined after the timeout
 */
export function awaitPair(
  caches: AccessKeyCaches,
  expected: ExpectedPair,
  timeoutMs: number,
): Promise<CreatedPair | undefined> {
  const { promise, resolve } = Promise.withResolvers<CreatedPair | undefined>();
  const check = () => {
    const created = findCreated(caches, expected);
    if (created) resolve(created);
  };
  const unsubscribe = caches.accessKeys.subscribe(({ key }) => {
    if (key === `${expected.namespace}/${expected.accessKey}`) check();
  });
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  check();
  return promise.finally(() => {
    clearTimeout(timer);
    unsubscribe();
  });
}
