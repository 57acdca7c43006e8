import { group, plural, version } from '../../accesskey/model/access-key-record.ts';
import { type Fact, type Finding, failed, listed, ok, skipped, warning } from './finding.ts';

/** The part of a CustomResourceDefinition that is checked. */
export interface CustomResourceDefinition {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema?: { readonly openAPIV3Schema?: SchemaNode };
    }[];
  };
  readonly status?: {
    readonly storedVersions?: readonly string[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** A node of a structural schema. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

const check = 'CRD';
const name = `${plural}.${group}`;
const apply = 'Apply crds/accesskeys.ghippo.io.yaml of the version of the operator.';

/**
 * Compares the CRD of the cluster with the schema that this program was built with.
 *
 * @param expectedFields paths of the fields, see `fieldsOf`
 */
export function checkCrd(crd: Fact<CustomResourceDefinition>, expectedFields: readonly string[]): Finding {
  if (!('value' in crd)) {
    if (crd.missing === 'notFound') return failed(check, `${name} is not installed`, apply);
    return skipped(check, crd.reason);
  }
  const { spec, status } = crd.value;
  const condition = status?.conditions?.find(({ type }) => type === 'Established');
  if (condition?.status !== 'True') {
    return failed(check, `${name} is not established: ${condition?.message ?? 'no condition'}`, apply);
  }
  const served = spec.versions.find((one) => one.name === version);
  if (!served?.served) return failed(check, `version ${version} of ${name} is not served`, apply);
  return checkStored(crd.value) ?? checkFields(fieldsOf(served.schema?.openAPIV3Schema), expectedFields);
}

function checkStored({ status }: CustomResourceDefinition): Finding | undefined {
  const others = (status?.storedVersions ?? []).filter((one) => one !== version);
  if (others.length === 0) return undefined;
  return warning(
    check,
    `objects may be stored in version ${listed(others)}, which this program does not know`,
    'Use the CLI of the version of the operator.',
  );
}

function checkFields(actual: readonly string[], expected: readonly string[]): Finding {
  const lacking = topmost(expected.filter((field) => !actual.includes(field)));
  if (lacking.length > 0) {
    return failed(
      check,
      `the schema is older than this program: it has no ${listed(lacking)}, and the API server removes such fields`,
      apply,
    );
  }
  const unknown = topmost(actual.filter((field) => !expected.includes(field)));
  if (unknown.length > 0) {
    return warning(
      check,
      `the schema is newer than this program: ${listed(unknown)}`,
      'Use the CLI of the version of the operator.',
    );
  }
  return ok(check, `${name} serves ${version} with all fields`);
}

/** Without the fields that are in another one of the list. */
function topmost(fields: readonly string[]): string[] {
  return fields.filter((field) => !fields.some((other) => field.startsWith(`${other}.`)));
}

/** @returns the paths of all fields of a schema, for example `spec.keyPairs.name`, sorted */
export function fieldsOf(schema: SchemaNode | undefined, parent = ''): string[] {
  const inside = schema?.properties ?? schema?.items?.properties ?? {};
  const nested = Object.entries(inside).flatMap(([key, node]) => {
    const path = parent === '' ? key : `${parent}.${key}`;
    return [path, ...fieldsOf(node, path)];
  });
  return nested.sort();
}
