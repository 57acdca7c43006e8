/** The user that the claims of an ID token name, with the rules of kube-apiserver. Pure. */
import type { JWTPayload } from 'jose';
import { isSystemName } from '../../kube/names.ts';

/** See the flags --oidc-username-claim and so on of kube-apiserver. */
export interface ClaimRules {
  issuer: string;
  usernameClaim: string;
  usernamePrefix?: string | undefined;
  groupsClaim?: string | undefined;
  groupsPrefix?: string | undefined;
}

export interface ClaimedUser {
  name: string;
  groups: readonly string[];
}

/** Why the claims name no user that an AccessKey can have. */
export type ClaimProblem = 'missingName' | 'unverifiedEmail' | 'invalidName' | 'systemName' | 'invalidGroups';

/**
 * Finds the user in claims. Groups of Kubernetes (`system:`) and names that an AccessKey cannot have are left out of the
 * groups, and rejected as the name of the user.
 */
export function userOfClaims(claims: JWTPayload, rules: ClaimRules): ClaimedUser | ClaimProblem {
  const { usernameClaim, groupsClaim, groupsPrefix = '' } = rules;
  const value = claims[usernameClaim];
  if (typeof value !== 'string' || value === '') return 'missingName';
  // As in kube-apiserver, an email address counts as verified if the claim is missing. Some providers send "false".
  const { email_verified: isVerified = true } = claims;
  if (usernameClaim === 'email' && isVerified !== true) return 'unverifiedEmail';
  const name = usernamePrefixOf(rules) + value;
  if (isSystemName(name)) return 'systemName';
  if (!isNameable(name)) return 'invalidName';
  const claimed = groupsClaim === undefined ? [] : groupsOf(claims[groupsClaim]);
  if (!claimed) return 'invalidGroups';
  const groups = claimed
    .map((group) => groupsPrefix + group)
    .filter((group) => !isSystemName(group) && isNameable(group));
  return { name, groups: [...new Set(groups)] };
}

function usernamePrefixOf({ issuer, usernameClaim, usernamePrefix }: ClaimRules): string {
  if (usernamePrefix === '-') return '';
  return usernamePrefix ?? (usernameClaim === 'email' ? '' : `${issuer}#`);
}

/** @returns undefined for a value that is neither a text nor a list of texts */
function groupsOf(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return [];
  const values = Array.isArray(value) ? value : [value];
  return values.every((one) => typeof one === 'string') ? values : undefined;
}

/**
 * Whether an AccessKey can name this user or group: at most 253 characters, none invisible, no white space at the ends. The
 * schema of the CRD has the same rules.
 */
export function isNameable(text: string): boolean {
  return text !== '' && [...text].length <= 253 && text.trim() === text && !invisible.test(text);
}

/** Invisible characters, and spaces other than the ASCII space: such a name looks like another one. */
const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|[^\P{Zs} ]/u;
