import { type FieldRequirement, matchesFields } from '../selector/field-selector.ts';
import { type LabelRequirement, matchesLabels } from '../selector/label-selector.ts';
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

type Match = (record: DeploymentRecord) => boolean;

/** @returns undefined if the filter is empty, so that callers can skip the scan */
export function createFilter(filter: Filter): Match | undefined {
  const checks = checksOf(filter);
  return checks.length < 2 ? checks[0] : (record) => checks.every((check) => check(record));
}

function checksOf({ name, fuzzyName, state, labels, fields, gpuType }: Filter): Match[] {
  const part = fuzzyName?.toLowerCase() ?? '';
  const checks: (Match | false)[] = [
    name !== undefined && ((one) => one.name === name),
    part !== '' && ((one) => one.name.includes(part)),
    state !== undefined && ((one) => one.state === state),
    labels !== undefined && labels.length > 0 && ((one) => matchesLabels(labels, one.labels)),
    fields !== undefined && fields.length > 0 && ((one) => matchesFields(fields, fieldsOf(one))),
    gpuType !== undefined && ((one) => one.extendedResources.some(gpuType === '*' ? isGPU : (it) => it === gpuType)),
  ];
  return checks.filter((check) => check !== false);
}

const fieldsOf = ({ name, namespace }: DeploymentRecord) => ({
  'metadata.name': name,
  'metadata.namespace': namespace,
});
