/** A pair that has changed while a person was editing it; pure. */

import { noOverlap } from '../../accesskey/change/edit-pairs.ts';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import type { Form } from '../common/form.ts';
import { detailsOf, inputOf, type PairInput } from './pair-input.ts';

/** The fields of a pair that the form edits, as in the spec; empty if unset. */
export interface PairFields {
  description: string;
  expiresAt: string;
  overlap: string;
  tokenLifetime: string;
  /** Separated by commas. */
  allowedCIDRs: string;
}
type Field = keyof PairFields;

const fields = [
  'description',
  'expiresAt',
  'overlap',
  'tokenLifetime',
  'allowedCIDRs',
] as const satisfies readonly Field[];

/** A field whose value in the cluster is not the entered one. */
export interface Difference {
  field: Field;
  /** Empty if unset. */
  current: string;
  entered: string;
}

export function fieldsOf(pair: KeyPairSpec): PairFields {
  const { description = '', expiresAt = '', rotation, tokenLifetime = '', allowedCIDRs = [] } = pair;
  const overlap = rotation?.overlap ?? noOverlap;
  return { description, expiresAt, overlap, tokenLifetime, allowedCIDRs: allowedCIDRs.join(', ') };
}

/** Prefix of the hidden fields with the values that the form was rendered from. */
export const basePrefix = 'base_';

export function readBase(form: Form): PairFields {
  const read = (field: Field) => form.text(basePrefix + field) ?? '';
  return {
    description: read('description'),
    expiresAt: read('expiresAt'),
    overlap: read('overlap') || noOverlap,
    tokenLifetime: read('tokenLifetime'),
    allowedCIDRs: read('allowedCIDRs'),
  };
}

/** Whether the edited fields of a pair have changed since the form was rendered. */
export function hasChanged(base: PairFields, pair: KeyPairSpec): boolean {
  const current = fieldsOf(pair);
  return fields.some((field) => base[field] !== current[field]);
}

/**
 * Merges an input with the current values: fields that the person has not changed get the current value.
 *
 * @param base the values that the form was rendered from
 * @param now milliseconds since the epoch
 */
export function mergeInput(
  input: PairInput,
  base: PairFields,
  pair: KeyPairSpec,
  now: number,
): { input: PairInput; differences: Difference[] } {
  const [current, live] = [fieldsOf(pair), inputOf(pair)];
  const entered = enteredFields(input, base, now);
  const isOwn = (field: Field) => entered[field] !== base[field];
  const keepUnedited = (field: 'overlap' | 'tokenLifetime' | 'allowedCIDRs') =>
    !isOwn(field) && input[field] !== undefined && { [field]: live[field] };
  const merged: PairInput = {
    ...input,
    ...(!isOwn('description') && { description: live.description }),
    ...(!isOwn('expiresAt') && { validity: live.validity, date: live.date }),
    ...keepUnedited('overlap'),
    ...keepUnedited('tokenLifetime'),
    ...keepUnedited('allowedCIDRs'),
  };
  const differing = fields.filter((field) => isOwn(field) && entered[field] !== current[field]);
  return {
    input: merged,
    differences: differing.map((field) => ({ field, current: current[field], entered: entered[field] })),
  };
}

/** @returns the entered values in the form of the spec */
function enteredFields(input: PairInput, base: PairFields, now: number): PairFields {
  const details = detailsOf(input, now, base.expiresAt || undefined);
  const { description = '', expiresAt = '', overlap = base.overlap, tokenLifetime = base.tokenLifetime } = details;
  const allowedCIDRs = details.allowedCIDRs?.join(', ') ?? base.allowedCIDRs;
  return { description, expiresAt, overlap, tokenLifetime, allowedCIDRs };
}
