import type { FieldRequirement } from '../selector/field-selector.ts';
import { type LabelRequirement, matchesLabel } from '../selector/label-selector.ts';
import { absent, type Condition, contains, exists, type Field, noneOf, oneOf, tested } from './condition.ts';
import { isGPU } from './gpu.ts';
import type { State } from './kpanda/state.ts';
import type { DeploymentRecord } from './record.ts';

/** Fields of Deployments that the API server supports in field selectors. */
export const selectableFields = ['metadata.name', 'metadata.namespace'] as const;

/** Conditions on Deployments. All that are set must match. */
export interface Filter {
  /** Exact name. */
  readonly name?: string | undefined;
  /** Part of the name, ignoring case. */
  readonly fuzzyName?: string | undefined;
  readonly state?: State | undefined;
  readonly labels?: readonly LabelRequirement[] | undefined;
  readonly fields?: readonly FieldRequirement<(typeof selectableFields)[number]>[] | undefined;
  /** Name of an extended resource that the pods request; `*` is any GPU. */
  readonly gpuType?: string | undefined;
}

const fields = {
  name: { id: 'name', read: ({ name }) => name },
  namespace: { id: 'namespace', read: ({ namespace }) => namespace },
  state: { id: 'state', read: ({ state }) => state },
  extendedResources: { id: 'extendedResources', read: ({ extendedResources }) => JSON.stringify(extendedResources) },
} satisfies Record<string, Field>;

const selectable: Record<(typeof selectableFields)[number], Field> = {
  'metadata.name': fields.name,
  'metadata.namespace': fields.namespace,
};

function labelField(key: string): Field {
  return {
    id: `labels/${key}`,
    label: key,
    read: ({ labels }) => (Object.hasOwn(labels, key) ? labels[key] : undefined),
  };
}

/** @returns the conditions that a Deployment must all meet; none if the filter is empty */
export function conditionsOf({
  name,
  fuzzyName,
  state,
  labels = [],
  fields: terms = [],
  gpuType,
}: Filter): Condition[] {
  const part = fuzzyName?.toLowerCase() ?? '';
  const conditions: (Condition | false)[] = [
    name !== undefined && oneOf(fields.name, new Set([name])),
    state !== undefined && oneOf(fields.state, new Set([state])),
    ...labels.map(labelCondition),
    ...terms.map(({ field, isEqual, value }) => (isEqual ? oneOf : noneOf)(selectable[field], new Set([value]))),
    gpuType !== undefined && tested(fields.extendedResources, [gpuType], hasResource(gpuType)),
    part !== '' && contains(fields.name, part),
  ];
  return conditions.filter((condition) => condition !== false);
}

function labelCondition(requirement: LabelRequirement): Condition {
  const field = labelField(requirement.key);
  switch (requirement.operator) {
    case 'in':
      return oneOf(field, requirement.values);
    case 'notin':
      return noneOf(field, requirement.values);
    case 'exists':
      return exists(field);
    case 'absent':
      return absent(field);
    default:
      return tested(field, [requirement.operator, String(requirement.bound)], (text) =>
        matchesLabel(requirement, text),
      );
  }
}

/** @returns a function that takes the names of extended resources as a JSON array */
function hasResource(gpuType: string): Condition['accepts'] {
  const isWanted = gpuType === '*' ? isGPU : (resource: string) => resource === gpuType;
  return (resources = '[]') => (JSON.parse(resources) as string[]).some(isWanted);
}

/** @returns a function that returns whether a Deployment matches the filter */
export function createMatch(filter: Filter): (record: DeploymentRecord) => boolean {
  const conditions = conditionsOf(filter);
  return (record) => conditions.every(({ field, accepts }) => accepts(field.read(record)));
}
