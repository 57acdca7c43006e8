/** Reads and validates the form of a pair; pure. The schema of the CRD has the same rules. */

import { noOverlap } from '../../accesskey/change/edit-pairs.ts';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import { formatTime, parseEnteredTime } from '../../accesskey/model/time.ts';
import { dayMs } from '../../kube/duration.ts';
import { isDnsLabel } from '../../kube/names.ts';
import type { Form } from '../common/form.ts';
import type { MessageKey } from '../common/language.ts';
import { areAudiences } from './audiences.ts';
import type { PairDetails } from './pair-list.ts';
import {
  mapOptions,
  type OptionContext,
  type OptionTexts,
  optionProblems,
  optionsOf,
  type PairOption,
  readOptions,
} from './pair-options.ts';
import { parseList } from './token-limits.ts';

/** The offered periods of validity, days. */
export const validityDays = [30, 90, 180] as const;
const validities = ['30', '90', '180', 'custom', 'permanent'] as const;
export type Validity = (typeof validities)[number];

/** The entered values, not validated. */
export interface PairInput extends OptionTexts {
  name: string;
  description: string;
  validity: Validity;
  /** YYYY-MM-DD */
  date: string;
  /** As in the spec, or noOverlap. Undefined if the form does not have the field. */
  overlap: string | undefined;
  /** The audiences of the AccessKey. Undefined if the form does not have the field. */
  audiences: string | undefined;
  namespace: string;
  groups: readonly string[];
}

export const emptyInput: PairInput = {
  name: '',
  description: '',
  validity: 'permanent',
  date: '',
  overlap: undefined,
  audiences: undefined,
  ...mapOptions(() => undefined),
  namespace: '',
  groups: [],
};

/** A new key expires unless the person decides otherwise. */
export const newInput: PairInput = { ...emptyInput, validity: '90', ...mapOptions(() => ''), maxOverlap: undefined };

export function readPairInput(form: Form): PairInput {
  const validity = form.text('validity');
  return {
    name: form.text('name') ?? '',
    description: form.text('description') ?? '',
    validity: validities.find((one) => one === validity) ?? 'permanent',
    date: form.text('date') ?? '',
    overlap: form.text('overlap'),
    audiences: form.all('audiences').length === 0 ? undefined : (form.text('audiences') ?? ''),
    ...readOptions(form),
    namespace: form.text('namespace') ?? '',
    groups: form.all('groups'),
  };
}

/** @returns the message of each empty field of a key pair */
export function missingFields(pair: { ak: string | undefined; sk: string | undefined }) {
  return {
    ...(!pair.ak && { ak: 'missingAk' as const }),
    ...(!pair.sk && { sk: 'missingSk' as const }),
  };
}

/**
 * @param audiences of the AccessKey; undefined if the form does not have them
 * @returns the input of the form that shows a pair unchanged
 */
export function inputOf(pair: KeyPairSpec, audiences?: readonly string[]): PairInput {
  const { name, description = '', expiresAt, rotation } = pair;
  const validity = expiresAt === undefined ? 'permanent' : 'custom';
  const date = expiresAt === undefined ? '' : dateOf(expiresAt);
  const settings = { overlap: rotation?.overlap ?? noOverlap, audiences: audiences?.join('\n'), ...optionsOf(pair) };
  return { ...emptyInput, name, description, validity, date, ...settings };
}

/** The message of each invalid field. */
export type Problems = Partial<
  Record<'name' | 'description' | 'date' | 'overlap' | 'audiences' | 'namespace' | 'groups' | PairOption, MessageKey>
>;

/**
 * @param now milliseconds since the epoch
 * @param current the pair; one that has expired may keep its day. Undefined for a new pair
 * @param audiences of the AccessKey, unless the form has them
 */
export function validatePairInput(
  input: PairInput,
  now: number,
  { pair, audiences = [] }: Partial<Pick<OptionContext, 'pair' | 'audiences'>> = {},
): Problems {
  const { name, description, overlap = pair?.rotation?.overlap } = input;
  const date = dateProblem(input, now, pair?.expiresAt);
  const entered = input.audiences === undefined ? audiences : parseList(input.audiences);
  return {
    ...(!isDnsLabel(name) && { name: name === '' ? 'missingName' : 'badName' }),
    // The CRD counts characters, not UTF-16 code units.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the rejected characters
    ...(([...description].length > 256 || /[\u0000-\u001f\u007f]/.test(description)) && {
      description: 'badDescription',
    }),
    ...(date && { date }),
    ...optionProblems(input, { overlap, audiences: entered, pair }),
    ...(!areAudiences(entered) && { audiences: 'badAudiences' }),
  };
}

function dateProblem({ validity, date }: PairInput, now: number, currentExpiry?: string): MessageKey | undefined {
  const isUnchanged = currentExpiry !== undefined && dateOf(currentExpiry) === date;
  if (validity !== 'custom' || isUnchanged || (endOfDay(date) ?? 0) > now) return undefined;
  return date === '' ? 'missingDate' : 'badDate';
}

/**
 * @param now milliseconds since the epoch; a period of validity starts now
 * @param currentExpiry expiry of the pair, kept to the second if its day is unchanged
 */
export function detailsOf(input: PairInput, now: number, currentExpiry?: string): PairDetails {
  const { description, overlap } = input;
  return {
    ...mapOptions((option) => input[option]),
    expiresAt: expiryOf(input, now, currentExpiry),
    description: description === '' ? undefined : description,
    ...(overlap !== undefined && { overlap }),
  };
}

function expiryOf({ validity, date }: PairInput, now: number, currentExpiry?: string): string | undefined {
  if (validity === 'permanent') return undefined;
  if (validity === 'custom' && currentExpiry !== undefined && dateOf(currentExpiry) === date) return currentExpiry;
  const end = endOfDay(validity === 'custom' ? date : dayAfter(Number(validity), now));
  return end === undefined ? undefined : formatTime(end);
}

/** @returns the day in UTC after a number of days, YYYY-MM-DD: the last day of a period that starts now */
export function dayAfter(days: number, now: number): string {
  return dateOf(new Date(now + days * dayMs).toISOString());
}

/** @returns the day of a time in UTC, YYYY-MM-DD; empty for an invalid time, which an older CRD allowed */
export function dateOf(time: string): string {
  return Number.isNaN(Date.parse(time)) ? '' : new Date(time).toISOString().slice(0, 10);
}

/** @returns the last second of a day, milliseconds since the epoch; undefined for an invalid date */
function endOfDay(date: string): number | undefined {
  return parseEnteredTime(`${date}T23:59:59Z`);
}
