/** Waits until the operator has made the change of a command. */
import {
  type AccessKeyRecord,
  accessKeys,
  conditionOf,
  pairSpecOf,
  stalledConditionOf,
  toAccessKeyRecord,
} from '../../accesskey/model/access-key-record.ts';
import { createdPair } from '../../accesskey/model/created-pair.ts';
import { durationMs } from '../../kube/duration.ts';
import { list, watch } from '../../kube/list-watch.ts';
import { targetOf } from '../../kube/list-watch-request.ts';
import { printable } from '../../kube/printable.ts';
import type { RawObject } from '../../kube/raw-object.ts';
import type { Cluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { CliError } from '../common/failure.ts';
import { withType } from '../common/output.ts';
import { createProgress } from './progress.ts';

interface Wait {
  /** The changed object. */
  object: RawObject;
  pair: string;
  /** `NAME/PAIR` */
  title: string;
  /** Hours, minutes and seconds. */
  timeout: string;
}

/**
 * Waits until the pair has the revision of the object and can get tokens.
 *
 * @returns the AccessKey as it is then
 * @throws CliError if the operator reports a problem, if the AccessKey is deleted, or after the timeout
 */
export async function waitForRotation(context: CliContext, cluster: Cluster, wait: Wait): Promise<RawObject> {
  const { generation, uid } = toAccessKeyRecord(wait.object);
  const limit = AbortSignal.timeout(durationMs(wait.timeout));
  const signal = AbortSignal.any([context.signal, limit]);
  const progress = createProgress(context, `Waiting for key pair ${wait.title}`);
  try {
    for await (const object of changesOf(cluster, wait.object, signal)) {
      const record = object && toAccessKeyRecord(object);
      if (!record || record.uid !== uid) throw new CliError(`AccessKey "${wait.object.metadata.name}" was deleted`);
      if (isDone(record, generation, wait.pair)) return withType(object);
      progress.show(conditionOf(record, 'Ready')?.message ?? '');
      rejectStalled(record, generation, wait.title);
    }
    throw limit.reason;
  } catch (error) {
    progress.end();
    if (context.signal.aborted || error instanceof CliError) throw error;
    if (limit.aborted) throw timedOut(wait);
    context.stderr.write(`hint: ${printable(stored(wait.title))}\n`);
    throw error;
  } finally {
    progress.end();
  }
}

function timedOut({ title, timeout }: Wait): CliError {
  return new CliError(`timed out after ${timeout} waiting for key pair ${title}`, { hint: stored(title) });
}

/** The command has failed, but what it has written stays. */
function stored(title: string): string {
  return `the change is stored; kubectl accesskey get ${title} shows its state`;
}

/** @returns whether the operator has seen this generation, and the pair exists with the revision of the spec */
export function isDone(record: AccessKeyRecord, generation: number, pairName: string): boolean {
  const { uid } = record;
  const isSeen = (record.status.observedGeneration ?? 0) >= generation;
  const revision = pairSpecOf(record, pairName)?.revision ?? 1;
  const status = createdPair(record, { uid, pairName, generation, revision });
  return isSeen && typeof status !== 'string' && status.state !== 'Pending';
}

function rejectStalled(record: AccessKeyRecord, generation: number, title: string): void {
  const stalled = stalledConditionOf(record);
  if (!stalled || (stalled.observedGeneration ?? 0) < generation) return;
  const problem = `key pair ${title} is not ready: ${stalled.message} (${stalled.reason})`;
  throw new CliError(problem, { hint: stored(title) });
}

/** How long the API server keeps the watch open, seconds; longer than a usual timeout. */
const watchSeconds = 600;

/** The object now and after each change until the signal aborts; undefined when it is deleted. */
async function* changesOf(
  { transport }: Cluster,
  { metadata: { name, namespace } }: RawObject,
  signal: AbortSignal,
): AsyncGenerator<RawObject | undefined> {
  const target = targetOf({ ...accessKeys, namespace, name });
  while (!signal.aborted) {
    const { items, resourceVersion } = await list(transport, target, signal);
    yield items[0];
    const start = { resourceVersion, timeoutSeconds: watchSeconds, idleTimeoutMs: watchSeconds * 1000, signal };
    for await (const { type, object } of watch(transport, target, start)) {
      if (type !== 'BOOKMARK') yield type === 'DELETED' ? undefined : object;
    }
  }
}
