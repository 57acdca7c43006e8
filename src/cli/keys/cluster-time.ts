import { accessKeys } from '../../accesskey/model/access-key-record.ts';
import { clockToleranceSeconds } from '../../credential/clock-tolerance.ts';
import { pathOf } from '../../kube/resource.ts';
import type { Cluster } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { readApiClock, skewMs } from '../common/server-clock.ts';

/** A difference above this is reported, milliseconds. The operator accepts clocks that differ by as much. */
const maxSkewMs = clockToleranceSeconds * 1000;

/**
 * Reads the time of the cluster, whose times the AccessKey contains. The clock of this machine may be wrong: one that is
 * behind would revoke no token.
 *
 * Warns if the clocks differ, or if the local time is used because the API server sends none.
 *
 * @param name of an AccessKey that exists
 * @returns milliseconds since the epoch
 * @throws KubernetesError, ConnectionError
 */
export async function readClusterTime(
  { stderr, now, signal }: Pick<CliContext, 'stderr' | 'now' | 'signal'>,
  { transport, namespace }: Pick<Cluster, 'transport' | 'namespace'>,
  name: string,
): Promise<number> {
  const clock = await readApiClock(transport, pathOf({ ...accessKeys, namespace, name }), now, signal);
  if (!clock) {
    stderr.write('warning: the API server sends no time, the clock of this machine is used\n');
    return now();
  }
  const skew = skewMs(clock);
  const difference = `${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'behind' : 'ahead of'}`;
  if (Math.abs(skew) > maxSkewMs)
    stderr.write(`warning: the clock of this machine is ${difference} that of the API server, which is used\n`);
  return clock.remote;
}
