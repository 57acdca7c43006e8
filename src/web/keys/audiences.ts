/** The audiences of an AccessKey in the form of a pair; pure. The schema of the CRD has the same rules. */

import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { managementOf } from '../../accesskey/change/managed-fields.ts';
import { actsAsOperator, type Session } from '../session/session.ts';
import { parseList } from './token-limits.ts';

const maxAudiences = 16;

/** Whether the CRD accepts these audiences: at most 16, different ones, of the characters of a scope (RFC 6749). */
export function areAudiences(audiences: readonly string[]): boolean {
  const areDifferent = new Set(audiences).size === audiences.length;
  const areValid = audiences.every((one) => /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(one));
  return audiences.length <= maxAudiences && areDifferent && areValid;
}

/**
 * Whether a form can change the audiences of the AccessKey. A session with the permissions of the operator cannot: tokens
 * for another audience would be accepted by other services than the AccessKey allows.
 *
 * @param fetched undefined for a new AccessKey
 */
export function canEditAudiences(session: Session, fetched: FetchedAccessKey | undefined): boolean {
  if (actsAsOperator(session)) return false;
  return fetched === undefined || managementOf(fetched.managedFields).audiences === undefined;
}

/** @returns the audiences to write; undefined if they are the current ones, or if the form does not have them */
export function changedAudiences(text: string | undefined, current: readonly string[] = []): string[] | undefined {
  const entered = parseList(text ?? current.join('\n'));
  return entered.join('\n') === current.join('\n') ? undefined : entered;
}
