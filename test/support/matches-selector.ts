/** Whether objects match a parsed selector, in the simplest way; src/deployments/filter.ts compares columns instead. */
import type { FieldRequirement } from '../../src/selector/field-selector.ts';
import { type LabelRequirement, matchesLabel } from '../../src/selector/label-selector.ts';

type Texts = Readonly<Record<string, string>>;

export function matchesLabels(requirements: readonly LabelRequirement[], labels: Texts): boolean {
  return requirements.every((one) => matchesLabel(one, Object.hasOwn(labels, one.key) ? labels[one.key] : undefined));
}

export function matchesFields(requirements: readonly FieldRequirement<string>[], values: Texts): boolean {
  return requirements.every(({ field, isEqual, value }) => (values[field] === value) === isEqual);
}
