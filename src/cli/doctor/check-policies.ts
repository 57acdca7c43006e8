import { type Fact, type Finding, failed, listed, ok, skipped } from './finding.ts';

/** The admission policies of manifests/base. Each binding has the name of its policy. */
export const policyNames = [
  'accesskeys.ghippo.io',
  'console.accesskeys.ghippo.io',
  'secrets.accesskeys.ghippo.io',
  'self-service.accesskeys.ghippo.io',
] as const;

export interface Policy {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly failurePolicy?: string };
}

export interface PolicyBinding {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly policyName: string;
    readonly validationActions: readonly string[];
    readonly matchResources?: object;
  };
}

/** The result of trying to create an AccessKey that names a user whom only cluster administrators may name. */
export type Escalation =
  /** An admission policy denied it; `policy` is its name if the message has one. */
  | { readonly outcome: 'denied'; readonly policy: string | undefined }
  /** The API server would have created it. */
  | { readonly outcome: 'accepted'; readonly mayImpersonate: Fact<boolean> }
  /** RBAC forbids creating any AccessKey. */
  | { readonly outcome: 'forbidden' }
  | { readonly outcome: 'error'; readonly reason: string };

export interface EscalationAttempt {
  /** Who tried: `you`, or the user of --probe-as. */
  readonly who: string;
  readonly namespace: string;
  readonly result: Escalation;
}

const apply = 'Apply manifests/base, or install the chart again.';
const risk = 'without them, anyone who may write AccessKeys can get tokens of every user';

/** Checks that all policies exist, fail closed, and are bound with the action Deny. */
export function checkPolicies(policies: Fact<readonly Policy[]>, bindings: Fact<readonly PolicyBinding[]>): Finding {
  const check = 'admission policies';
  if (!('value' in policies)) return skipped(check, policies.reason);
  if (!('value' in bindings)) return skipped(check, bindings.reason);
  const byName = new Map(policies.value.map((policy) => [policy.metadata.name, policy]));
  const missing = policyNames.filter((name) => !byName.has(name));
  if (missing.length > 0) return failed(check, `missing: ${listed(missing)}; ${risk}`, apply);
  const open = policyNames.filter((name) => byName.get(name)?.spec.failurePolicy === 'Ignore');
  if (open.length > 0) return failed(check, `failurePolicy is Ignore, not Fail: ${listed(open)}`, apply);
  const unbound = policyNames.filter((name) => !bindings.value.some((binding) => binds(binding, name)));
  if (unbound.length > 0) {
    return failed(check, `not bound in the whole cluster with the action Deny: ${listed(unbound)}; ${risk}`, apply);
  }
  return ok(check, `${policyNames.length} policies are bound and deny`);
}

/** A binding with matchResources may leave out some namespaces. */
function binds({ spec }: PolicyBinding, name: string): boolean {
  return spec.policyName === name && spec.validationActions.includes('Deny') && spec.matchResources === undefined;
}

/** Checks that the policies have an effect. */
export function checkEscalation({ who, namespace, result }: EscalationAttempt): Finding {
  const check = 'escalation';
  const probe = 'creating an AccessKey for another user in the group system:masters (dry run)';
  switch (result.outcome) {
    case 'denied':
      return ok(check, `${probe} was denied${result.policy === undefined ? '' : ` by the policy ${result.policy}`}`);
    case 'forbidden':
      return skipped(check, `${who} may not create AccessKeys in the namespace ${namespace}`, anotherUser);
    case 'error':
      return skipped(check, `${probe}: ${result.reason}`);
    case 'accepted':
      return checkAccepted(`${probe} was accepted`, who, result.mayImpersonate);
  }
}

const anotherUser = 'Repeat with --probe-as USER, a user who may create AccessKeys there but not impersonate others.';

function checkAccepted(accepted: string, who: string, mayImpersonate: Fact<boolean>): Finding {
  const check = 'escalation';
  if (!('value' in mayImpersonate)) return skipped(check, `${accepted}, but ${mayImpersonate.reason}`, anotherUser);
  if (!mayImpersonate.value) return failed(check, accepted, apply);
  return skipped(check, `${who} may impersonate every user and group, so the policies allow it`, anotherUser);
}
