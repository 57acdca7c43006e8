/** Generates the list of the fields of the CRD, with which `kubectl accesskey doctor` recognizes an older CRD. */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type CustomResourceDefinition, fieldsOf } from '../../src/cli/doctor/check-crd.ts';

const crdFile = new URL('../../crds/accesskeys.ghippo.io.yaml', import.meta.url);

export const crdFieldsFile = {
  file: new URL('../../src/cli/doctor/crd-fields.generated.ts', import.meta.url),
  text: async () => {
    const { spec } = parse(await readFile(crdFile, 'utf8')) as CustomResourceDefinition;
    const lines = fieldsOf(spec.versions[0]?.schema?.openAPIV3Schema).map((field) => `  '${field}',\n`);
    const banner = '// Generated from crds/accesskeys.ghippo.io.yaml by npm run generate. Do not edit.\n';
    return `${banner}export const crdFields: readonly string[] = [\n${lines.join('')}];\n`;
  },
};
