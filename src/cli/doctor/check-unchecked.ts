import { type Fact, type Finding, listed, ok, skipped, warning } from './finding.ts';

export interface DatedAccessKey {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly creationTimestamp: string };
}

export interface DatedBinding {
  readonly metadata: { readonly creationTimestamp: string };
  readonly spec: { readonly policyName: string };
}

/** The policy that decides which users and groups an AccessKey may name. It checks only changes. */
const namingPolicy = 'accesskeys.ghippo.io';

/** Finds AccessKeys that were created before the policy, for example during the first installation. */
export function checkUnchecked(bindings: Fact<readonly DatedBinding[]>, accessKeys: Fact<DatedAccessKey[]>): Finding {
  const check = 'older AccessKeys';
  if (!('value' in bindings)) return skipped(check, bindings.reason);
  if (!('value' in accessKeys)) return skipped(check, accessKeys.reason);
  const times = bindings.value
    .filter(({ spec }) => spec.policyName === namingPolicy)
    .map(({ metadata }) => Date.parse(metadata.creationTimestamp));
  if (times.length === 0) return skipped(check, `the policy ${namingPolicy} is not bound`);
  const since = Math.min(...times);
  const older = accessKeys.value
    // The times have no fractions of a second.
    .filter(({ metadata }) => Date.parse(metadata.creationTimestamp) <= since)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  if (older.length === 0) return ok(check, 'all AccessKeys were created after the admission policies');
  return warning(
    check,
    `created before the admission policies, so that no one checked which users and groups they name: ${listed(older)}`,
    'Check the user and groups in spec.user of each one.',
  );
}
