import type { DeploymentRecord } from './record.ts';

/** A text of Deployments that conditions compare, for example the name or one label. */
export interface Field {
  /** Unique among the fields. */
  readonly id: string;
  /** @returns undefined if the Deployment has no such text */
  readonly read: (record: DeploymentRecord) => string | undefined;
  /** The key, if this is a label. */
  readonly label?: string;
}

/** A condition on one field. */
export interface Condition {
  readonly field: Field;
  /** Conditions with the same id accept the same Deployments. */
  readonly id: string;
  /** @param value undefined if the Deployment has no such text */
  readonly accepts: (value: string | undefined) => boolean;
  /** If set, every other value has the opposite result, so that only these need to be looked up. */
  readonly listed?: { readonly values: ReadonlySet<string>; readonly accepted: boolean };
  /** If set, exactly the values that contain this text are accepted, so that many values can be searched at once. */
  readonly part?: string;
}

/** The text must be one of the values. */
export function oneOf(field: Field, values: ReadonlySet<string>): Condition {
  const accepts = (value: string | undefined) => value !== undefined && values.has(value);
  return { field, id: idOf(field, 'in', [...values].sort()), accepts, listed: { values, accepted: true } };
}

/** The text must be missing or another one than the values. */
export function noneOf(field: Field, values: ReadonlySet<string>): Condition {
  const accepts = (value: string | undefined) => value === undefined || !values.has(value);
  return { field, id: idOf(field, 'notin', [...values].sort()), accepts, listed: { values, accepted: false } };
}

const noValues: ReadonlySet<string> = new Set();

export function exists(field: Field): Condition {
  const accepts = (value: string | undefined) => value !== undefined;
  return { field, id: idOf(field, 'exists', []), accepts, listed: { values: noValues, accepted: false } };
}

export function absent(field: Field): Condition {
  const accepts = (value: string | undefined) => value === undefined;
  return { field, id: idOf(field, 'absent', []), accepts, listed: { values: noValues, accepted: true } };
}

/** The text must contain the part. */
export function contains(field: Field, part: string): Condition {
  const accepts = (value: string | undefined) => value?.includes(part) === true;
  return { field, id: idOf(field, 'contains', [part]), accepts, part };
}

/**
 * A condition that has to test each value.
 *
 * @param description unique among the tests of the field
 */
export function tested(field: Field, description: readonly string[], accepts: Condition['accepts']): Condition {
  return { field, id: idOf(field, 'test', description), accepts };
}

const idOf = (field: Field, operator: string, values: readonly string[]) =>
  JSON.stringify([field.id, operator, ...values]);
