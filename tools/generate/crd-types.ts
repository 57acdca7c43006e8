/** Generates src/accesskey/model/types.generated.ts from the CRD. */
import { readFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { parse } from 'yaml';

const crdFile = new URL('../../crds/accesskeys.ghippo.io.yaml', import.meta.url);
export const typesFile = new URL('../../src/accesskey/model/types.generated.ts', import.meta.url);

interface CustomResourceDefinition {
  spec: {
    names: { kind: string };
    versions: [{ name: string; schema: { openAPIV3Schema: JSONSchema & { properties: Record<string, JSONSchema> } } }];
  };
}

/** Returns the TypeScript source of the `spec` and `status` types of the only CRD version. */
export async function generateTypes(): Promise<string> {
  const crd = parse(await readFile(crdFile, 'utf8')) as CustomResourceDefinition;
  const { spec, status } = crd.spec.versions[0].schema.openAPIV3Schema.properties;
  const kind = crd.spec.names.kind;
  const banner = '// Generated from crds/accesskeys.ghippo.io.yaml by npm run generate. Do not edit.\n';
  return banner + (await declaration(`${kind}Spec`, spec)) + (await declaration(`${kind}Status`, status));
}

async function declaration(name: string, schema: JSONSchema | undefined): Promise<string> {
  return compile({ ...schema }, name, {
    bannerComment: '',
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 120 },
  });
}
