/** The clock of a server, read from the `Date` header of a response. */
import type { Transport } from '../../kube/transport.ts';

/** A `Date` header, and the local time at which it was received. */
export interface ClockReading {
  /** Milliseconds since the epoch, whole seconds. */
  readonly remote: number;
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** @returns undefined without a valid Date header */
export function clockOf(
  date: string | readonly string[] | undefined,
  sentAt: number,
  receivedAt: number,
): ClockReading | undefined {
  const remote = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(remote) ? undefined : { remote, sentAt, receivedAt };
}

/** @returns how far the remote clock is certainly ahead (positive) or behind, milliseconds; 0 if it may be equal */
export function skewMs({ remote, sentAt, receivedAt }: ClockReading): number {
  const [earliest, latest] = [remote, remote + 999];
  if (earliest > receivedAt) return earliest - receivedAt;
  return latest < sentAt ? latest - sentAt : 0;
}

/**
 * Reads the clock of the API server.
 *
 * @param path of any resource that the user may get
 * @param now milliseconds since the epoch
 * @returns undefined if the response has no date
 * @throws KubernetesError, ConnectionError
 */
export async function readApiClock(
  transport: Transport,
  path: string,
  now: () => number,
  signal?: AbortSignal,
): Promise<ClockReading | undefined> {
  const sentAt = now();
  const { headers, body } = await transport.send({ method: 'GET', path, signal });
  await body.dump();
  return clockOf(headers.date, sentAt, now());
}
