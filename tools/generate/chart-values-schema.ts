/**
 * The schema of the chart values: chart-values.schema.json in this folder, combined with the schema of
 * OperatorConfiguration for the value `config`.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { schema } from '../../src/config/schema.ts';

const source = new URL('chart-values.schema.json', import.meta.url);

/** The used part of JSON Schema (draft 7), as written by zod. */
interface Schema {
  $schema?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  pattern?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
}

export const chartValuesSchema = {
  file: new URL('../../charts/accesskey-operator/values.schema.json', import.meta.url),
  text: async () => {
    const { $schema, ...values } = JSON.parse(await readFile(source, 'utf8'));
    const $comment =
      'Generated from tools/generate/chart-values.schema.json and src/config/schema.ts by npm run generate. Do not edit.';
    const definitions = { ...values.definitions, configuration: configurationSchema() };
    return `${JSON.stringify({ $schema, $comment, ...values, definitions }, null, 2)}\n`;
  },
};

/** Ports that the objects of the chart refer to, so the operator cannot select a free one. */
const namedPorts = ['http', 'health'];

/** Returns the schema without `required`, because the chart sets the required fields. */
function configurationSchema(): Schema {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', target: 'draft-7' }) as Schema;
  const { $schema: _, required: __, properties = {}, ...rest } = json;
  for (const section of namedPorts) {
    const port = properties[section]?.properties?.port;
    if (port) port.minimum = 1;
  }
  return { ...rest, properties: nullable(properties) };
}

/**
 * Makes all fields nullable, because null means unset in Helm. Drops patterns, which the operator checks, because the
 * regular expressions of Go and JavaScript differ.
 */
function nullable(properties: Record<string, Schema>): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const field = withoutPatterns(property);
      const { type, properties: nested, enum: values } = field;
      if (typeof type !== 'string' || field.const !== undefined) return [name, field];
      return [
        name,
        {
          ...field,
          type: [type, 'null'],
          ...(values && { enum: [...values, null] }),
          ...(nested && { properties: nullable(nested) }),
        },
      ];
    }),
  );
}

function withoutPatterns({ pattern: _, items, properties, anyOf, ...schema }: Schema): Schema {
  const entries = properties && Object.entries(properties).map(([name, one]) => [name, withoutPatterns(one)]);
  return {
    ...schema,
    ...(entries && { properties: Object.fromEntries(entries) }),
    ...(items && { items: withoutPatterns(items) }),
    ...(anyOf && { anyOf: anyOf.map(withoutPatterns) }),
  };
}
