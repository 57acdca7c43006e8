import type { KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import type { AccessKeyStatus } from '../../../../src/accesskey/model/types.generated.ts';
import type { PairOutcome, PlanOutcome } from '../../../../src/accesskey/reconcile/outcome.ts';
import { statusOf } from '../../../../src/accesskey/reconcile/status.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { accessKey, keyPair, type SecretParts, secret } from '../../../support/builders.ts';

export const denied = new KubernetesError('POST /x: 403 Forbidden: exceeded quota', {
  status: 403,
  reason: 'Forbidden',
});

/** The outcome of a reconcile with these pairs; every removal succeeded unless `rest` says otherwise. */
export function outcomeOf(pairs: PairOutcome[], rest: Partial<PlanOutcome> = {}): PlanOutcome {
  return { pairs, notRemoved: [], ...rest };
}

type StatusOptions = Parameters<typeof statusOf>[0];
type Optional = 'keepsMessage' | 'warningDays' | 'guardrails';

/** The status after this outcome; without warnings and guardrails unless `options` has them. */
export function statusAfter(options: Omit<StatusOptions, Optional> & Partial<StatusOptions>): AccessKeyStatus {
  return statusOf({ keepsMessage: false, warningDays: [], guardrails: undefined, ...options });
}

/** A pair that has its Secret. */
export function present(pair: KeyPairSpec = { name: 'main' }, keys = keyPair(), parts: SecretParts = {}): PairOutcome {
  const held = secret({ of: accessKey({ keyPairs: [pair] }), keys, ...parts });
  return { pair, secretName: held.name, secret: held, change: 'none' };
}

export function conflict(name: string): PairOutcome {
  const problem = { reason: 'SecretConflict' as const, message: `Secret ann-${name} is taken` };
  return { pair: { name }, secretName: `ann-${name}`, change: 'none', problem };
}

export function terminating(name: string): PairOutcome {
  const problem = { reason: 'SecretTerminating' as const, message: `Secret ann-${name} has to go first` };
  return { pair: { name }, secretName: `ann-${name}`, change: 'none', problem };
}

export function failed(name: string, message = `cannot read or write Secret ann-${name}`): PairOutcome {
  const problem = { reason: 'SecretFailed' as const, message, error: denied };
  return { pair: { name }, secretName: `ann-${name}`, change: 'none', problem };
}
