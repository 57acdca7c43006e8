/** What people enter for a pair, checked: pure. The API server's schema has the same rules. */
import type { Form } from '../common/form.ts';
import type { MessageKey } from '../common/language.ts';
import type { PairDetails } from './edits.ts';

/** What was entered, as it was entered. */
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
  ...{ name: '', description: '', date: '', namespace: '' },
  validity: 'permanent',
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

/** Input fields that can be wrong, each with what is wrong. */
export type Problems = Partial<Record<'name' | 'description' | 'date' | 'namespace' | 'groups', MessageKey>>;

/** @param now milliseconds since the epoch */
export function problemsOf({ name, description, validity, date }: PairInput, now: number): Problems {
  const isDate = validity === 'permanent' || (endOfDay(date) ?? 0) > now;
  return {
    ...(!/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name) && { name: 'badName' }),
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are refused
    ...((description.length > 256 || /[\u0000-\u001f\u007f]/.test(description)) && { description: 'badDescription' }),
    ...(!isDate && { date: 'badDate' }),
  };
}

/** @param former expiry of the pair so far: it stays to the second when its day was not changed */
export function detailsOf({ description, validity, date }: PairInput, former?: string): PairDetails {
  const keeps = former !== undefined && dateOf(former) === date;
  const end = endOfDay(date);
  const chosen = keeps ? former : end && `${new Date(end).toISOString().slice(0, 19)}Z`;
  return {
    expiresAt: validity === 'custom' ? chosen || undefined : undefined,
    description: description === '' ? undefined : description,
  };
}

/** The day of a time, in UTC. */
export function dateOf(time: string): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** The last second of a day, milliseconds since the epoch; undefined for what is no day. */
function endOfDay(date: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const end = Date.parse(`${date}T23:59:59Z`);
  // The parser takes 31 February for a day in March.
  return Number.isNaN(end) || dateOf(new Date(end).toISOString()) !== date ? undefined : end;
}

/** A name for the AccessKey of a user: what is left of theirs as an RFC 1123 label. */
export function accessKeyNameFor(user: string): string {
  const last = user.split(':').at(-1) ?? user;
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'access-key' : name;
}
