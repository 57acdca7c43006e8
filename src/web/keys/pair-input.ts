/** Reads and validates the form of a pair; pure. The schema of the CRD has the same rules. */
import { isDnsLabel } from '../../kube/names.ts';
import type { Form } from '../common/form.ts';
import type { MessageKey } from '../common/language.ts';
import type { PairDetails } from './pair-list.ts';

/** The entered values, not validated. */
export interface PairInput {
  name: string;
  description: string;
  validity: 'permanent' | 'custom';
  /** YYYY-MM-DD */
  date: string;
  namespace: string;
  groups: readonly string[];
}

export const emptyInput: PairInput = {
  name: '',
  description: '',
  validity: 'permanent',
  date: '',
  namespace: '',
  groups: [],
};

export function readPairInput(form: Form): PairInput {
  return {
    name: form.text('name') ?? '',
    description: form.text('description') ?? '',
    validity: form.text('validity') === 'custom' ? 'custom' : 'permanent',
    date: form.text('date') ?? '',
    namespace: form.text('namespace') ?? '',
    groups: form.all('groups'),
  };
}

/** The message of each invalid field. */
export type Problems = Partial<Record<'name' | 'description' | 'date' | 'namespace' | 'groups', MessageKey>>;

/**
 * @param now milliseconds since the epoch
 * @param currentExpiry expiry of the pair; an expired pair may keep its day
 */
export function validatePairInput(input: PairInput, now: number, currentExpiry?: string): Problems {
  const { name, description, validity, date } = input;
  const isUnchanged = currentExpiry !== undefined && dateOf(currentExpiry) === date;
  const isDate = validity === 'permanent' || isUnchanged || (endOfDay(date) ?? 0) > now;
  return {
    ...(!isDnsLabel(name) && { name: 'badName' }),
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the rejected characters
    ...((description.length > 256 || /[\u0000-\u001f\u007f]/.test(description)) && { description: 'badDescription' }),
    ...(!isDate && { date: 'badDate' }),
  };
}

/** @param currentExpiry expiry of the pair, kept to the second if its day is unchanged */
export function detailsOf({ description, validity, date }: PairInput, currentExpiry?: string): PairDetails {
  const isUnchanged = currentExpiry !== undefined && dateOf(currentExpiry) === date;
  const end = endOfDay(date);
  const chosen = isUnchanged ? currentExpiry : end && `${new Date(end).toISOString().slice(0, 19)}Z`;
  return {
    expiresAt: validity === 'custom' ? chosen || undefined : undefined,
    description: description === '' ? undefined : description,
  };
}

/** @returns the day of a time in UTC, YYYY-MM-DD; empty for an invalid time, which an older CRD allowed */
export function dateOf(time: string): string {
  return Number.isNaN(Date.parse(time)) ? '' : new Date(time).toISOString().slice(0, 10);
}

/** @returns the last second of a day, milliseconds since the epoch; undefined for an invalid date */
function endOfDay(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const end = Date.parse(`${date}T23:59:59Z`);
  // Date.parse accepts 31 February as a day in March.
  return Number.isNaN(end) || dateOf(new Date(end).toISOString()) !== date ? undefined : end;
}

/** Derives the name of a new AccessKey from the user name, as an RFC 1123 label. */
export function accessKeyNameFor(user: string): string {
  const last = user.split(':').at(-1) ?? user;
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'access-key' : name;
}
