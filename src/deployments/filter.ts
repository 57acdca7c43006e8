import { type FieldRequirement, matchesFields } from '../selector/field-selector.ts';
import { type LabelRequirement, matchesLabels } from '../selector/label-selector.ts';
import { isGPU } from './gpu.ts';
import type { DeploymentRecord } from './record.ts';
import type { State } from './state.ts';

/** Fields that the API server selects Deployments by. */
export const selectableFields = ['metadata.name', 'metadata.namespace'] as const;

/** What Deployments are looked for; all that is set must hold. */
export interface Filter {
  /** The name. */
  readonly name?: string | undefined;
  /** A part of the name, in capitals or not. */
  readonly fuzzyName?: string | undefined;
  readonly state?: State | undefined;
  readonly labels?: readonly LabelRequirement[] | undefined;
  readonly fields?: readonly FieldRequirement<(typeof selectableFields)[number]>[] | undefined;
  /** Name of an extended resource that the pods ask for; `*` stands for those of any GPU. */
  readonly gpuType?: string | undefined;
}

type Match = (record: DeploymentRecord) => boolean;

/** @returns undefined when nothing is asked for, so that no Deployment need be looked at */
export function createFilter(filter: Filter): Match | undefined {
  const all = checksOf(filter);
  return all.length < 2 ? all[0] : (record) => all.every((one) => one(record));
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
