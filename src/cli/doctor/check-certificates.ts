import { formatTime } from '../../accesskey/model/time.ts';
import { dayMs } from '../../kube/duration.ts';
import { type Fact, type Finding, failed, ok, skipped, warning } from './finding.ts';

export interface Certificate {
  /** Where it was read, for example `https://keys.example.org` or `Secret accesskey-operator-tls`. */
  readonly from: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** As the alert AccessKeyCertificateExpires; cert-manager renews earlier. */
const warningDays = 7;

/** @param whose for example `API server` */
export function checkCertificate(certificate: Fact<Certificate>, whose: string, now: number): Finding {
  const check = `certificate of ${whose}`;
  if (!('value' in certificate)) return skipped(check, certificate.reason);
  const { from, notBefore, notAfter } = certificate.value;
  const advice = 'Renew it; see kubectl get certificates -A if cert-manager issues it.';
  if (now < notBefore) return failed(check, `${from}: is not valid before ${formatTime(notBefore)}`, advice);
  if (now > notAfter) return failed(check, `${from}: expired at ${formatTime(notAfter)}`, advice);
  if (notAfter - now < warningDays * dayMs)
    return warning(check, `${from}: expires at ${formatTime(notAfter)}`, advice);
  return ok(check, `${from}: valid until ${formatTime(notAfter)}`);
}
