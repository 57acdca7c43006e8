/** A pair that has changed while a person was editing it; pure. */

import { noOverlap } from '../../accesskey/change/edit-pairs.ts';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import type { Form } from '../common/form.ts';
import { detailsOf, inputOf, type PairInput } from './pair-input.ts';
import { mapOptions, optionsOf, type PairOption, pairOptions } from './pair-options.ts';
import { parseList } from './token-limits.ts';

/** The fields of a pair that the form edits, as in the spec; empty if unset. */
export interface PairFields extends Record<PairOption, string> {
  description: string;
  expiresAt: string;
  overlap: string;
  /** Of the AccessKey, separated by commas like allowedCIDRs. */
  audiences: string;
}
type Field = keyof PairFields;

const fields: readonly Field[] = ['description', 'expiresAt', 'overlap', ...pairOptions, 'audiences'];
const lists: readonly Field[] = ['allowedCIDRs', 'audiences'];

/** A field whose value in the cluster is not the entered one. */
export interface Difference {
  field: Field;
  /** Empty if unset. */
  current: string;
  entered: string;
}

/** @param audiences of the AccessKey */
export function fieldsOf(pair: KeyPairSpec, audiences: readonly string[] = []): PairFields {
  const { description = '', expiresAt = '', rotation } = pair;
  const options = optionsOf(pair);
  return {
    description,
    expiresAt,
    overlap: rotation?.overlap ?? noOverlap,
    audiences: audiences.join(', '),
    ...mapOptions((option) => normalized(option, options[option])),
  };
}

function normalized(field: Field, text: string): string {
  return lists.includes(field) ? parseList(text).join(', ') : text;
}

/** Prefix of the hidden fields with the values that the form was rendered from. */
export const basePrefix = 'base_';

export function readBase(form: Form): PairFields {
  const read = (field: Field) => form.text(basePrefix + field) ?? '';
  return {
    description: read('description'),
    expiresAt: read('expiresAt'),
    overlap: read('overlap') || noOverlap,
    audiences: read('audiences'),
    ...mapOptions(read),
  };
}

/** Whether the edited fields of a pair have changed since the form was rendered. */
export function hasChanged(base: PairFields, current: PairFields): boolean {
  return fields.some((field) => base[field] !== current[field]);
}

/**
 * Merges an input with the current values: fields that the person has not changed get the current value.
 *
 * @param base the values that the form was rendered from
 * @param audiences of the AccessKey
 * @param now milliseconds since the epoch
 */
export function mergeInput(
  input: PairInput,
  base: PairFields,
  { pair, audiences = [] }: { pair: KeyPairSpec; audiences?: readonly string[] | undefined },
  now: number,
): { input: PairInput; differences: Difference[] } {
  const [current, live] = [fieldsOf(pair, audiences), inputOf(pair, audiences)];
  const entered = enteredFields(input, base, now);
  const isOwn = (field: Field) => entered[field] !== base[field];
  const optional = ['overlap', 'audiences', ...pairOptions] as const;
  const unedited = optional.filter((field) => !isOwn(field) && input[field] !== undefined);
  const merged: PairInput = {
    ...input,
    ...(!isOwn('description') && { description: live.description }),
    ...(!isOwn('expiresAt') && { validity: live.validity, date: live.date }),
    ...Object.fromEntries(unedited.map((field) => [field, live[field]])),
  };
  const differing = fields.filter((field) => isOwn(field) && entered[field] !== current[field]);
  return {
    input: merged,
    differences: differing.map((field) => ({ field, current: current[field], entered: entered[field] })),
  };
}

/** @returns the entered values in the form of the spec */
function enteredFields(input: PairInput, base: PairFields, now: number): PairFields {
  const { description = '', expiresAt = '' } = detailsOf(input, now, base.expiresAt || undefined);
  const enteredOr = (field: 'overlap' | 'audiences' | PairOption) => {
    const text = input[field];
    return text === undefined ? base[field] : normalized(field, text);
  };
  const [overlap, audiences] = [enteredOr('overlap'), enteredOr('audiences')];
  return { description, expiresAt, overlap, audiences, ...mapOptions(enteredOr) };
}
