import { describeError, isStatus, KubernetesError } from '../../kube/errors.ts';
import type { Fact } from './finding.ts';

/** Reads something. @returns the reason in place of a rejection, in one line */
export async function readFact<T>(read: () => Promise<T>): Promise<Fact<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { missing: kindOf(error), reason: reasonOf(error) };
  }
}

function kindOf(error: unknown): 'notFound' | 'forbidden' | 'unavailable' {
  if (isStatus(error, 404)) return 'notFound';
  return isStatus(error, 403) ? 'forbidden' : 'unavailable';
}

const forbidden = /cannot (\w+) resource "([^"]+)" in API group "[^"]*"(?: in the namespace "([^"]+)")?/;

/** The text of the API server for a missing permission is long, so only verb, resource and namespace are kept. */
function reasonOf(error: unknown): string {
  const [, verb, resource, namespace] = (error instanceof KubernetesError && forbidden.exec(error.detail)) || [];
  if (verb !== undefined) {
    return `you may not ${verb} ${resource}${namespace === undefined ? '' : ` in the namespace ${namespace}`}`;
  }
  const text = error instanceof KubernetesError && error.detail !== '' ? error.detail : describeError(error);
  return text.split('\n', 1)[0] ?? text;
}

/** Reads something that depends on another fact. @returns the other fact if that is missing */
export async function readWith<A, T>(fact: Fact<A>, read: (value: A) => Promise<T>): Promise<Fact<T>> {
  return 'value' in fact ? readFact(() => read(fact.value)) : fact;
}
