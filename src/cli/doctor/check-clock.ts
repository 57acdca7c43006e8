import { type Fact, type Finding, failed, ok, skipped, warning } from './finding.ts';

/** A `Date` header, and the local time at which it was received. */
export interface ClockReading {
  /** Milliseconds since the epoch, whole seconds. */
  readonly remote: number;
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** A header has whole seconds, and machines are usually synchronized within one. */
const tolerableMs = 5_000;
/** Kubernetes and the operator accept tokens of other issuers with a clock that differs by this. */
const maxSkewMs = 30_000;

/**
 * Compares a remote clock with the local one.
 *
 * @param whose for example `API server`
 */
export function checkClock(reading: Fact<ClockReading>, whose: string): Finding {
  const check = `clock of ${whose}`;
  if (!('value' in reading)) return skipped(check, reading.reason);
  const skew = skewMs(reading.value);
  const seconds = Math.round(Math.abs(skew) / 1000);
  if (Math.abs(skew) <= tolerableMs) return ok(check, `differs by ${seconds} s`);
  const message = `is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} that of this machine`;
  const advice = 'Synchronize the clocks (NTP): tokens count as expired too early, or as not valid yet.';
  return Math.abs(skew) <= maxSkewMs ? warning(check, message, advice) : failed(check, message, advice);
}

/** @returns how far the remote clock is certainly ahead (positive) or behind; 0 if it may be equal */
function skewMs({ remote, sentAt, receivedAt }: ClockReading): number {
  const [earliest, latest] = [remote, remote + 999];
  if (earliest > receivedAt) return earliest - receivedAt;
  return latest < sentAt ? latest - sentAt : 0;
}
