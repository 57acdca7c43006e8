import { pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { liveStates } from '../../accesskey/model/pair-state.ts';

/** A pair that is to come: the one of this name, made for this revision or a later one. */
export interface ExpectedPair {
  namespace: string;
  accessKey: string;
  pair: string;
  revision: number;
}

/** A pair that is there. */
export interface MadePair {
  ak: string;
  secretName: string;
}

/** Whether the pair is there, by what the watch last told of the status. */
function madePair({ accessKeys }: AccessKeyCaches, expected: ExpectedPair): MadePair | undefined {
  const record = accessKeys.get(`${expected.namespace}/${expected.accessKey}`);
  const status = record && pairStatusOf(record, expected.pair);
  if (!status?.accessKey || !liveStates.has(status.state)) return undefined;
  if ((status.revision ?? 0) < expected.revision) return undefined;
  return { ak: status.accessKey, secretName: status.secretName };
}

/**
 * Waits until the controller has made a pair.
 *
 * @param withinMs milliseconds
 * @returns undefined when it is not there by then
 */
export function awaitPair(
  caches: AccessKeyCaches,
  expected: ExpectedPair,
  withinMs: number,
): Promise<MadePair | undefined> {
  const { promise, resolve } = Promise.withResolvers<MadePair | undefined>();
  const look = () => {
    const made = madePair(caches, expected);
    if (made) resolve(made);
  };
  const end = caches.accessKeys.subscribe(({ key }) => {
    if (key === `${expected.namespace}/${expected.accessKey}`) look();
  });
  const timer = setTimeout(() => resolve(undefined), withinMs);
  look();
  return promise.finally(() => {
    clearTimeout(timer);
    end();
  });
}
