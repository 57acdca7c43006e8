import { issuerToleranceSeconds } from '../../outbound/issuer-tolerance.ts';
import { type ClockReading, skewMs } from '../common/server-clock.ts';
import { type Fact, type Finding, failed, ok, skipped, warning } from './finding.ts';

/** A header has whole seconds, and machines are usually synchronized within one. */
const tolerableMs = 5_000;
/** Kubernetes and the operator accept tokens of other issuers with a clock that differs by this. */
const maxSkewMs = issuerToleranceSeconds * 1000;

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
