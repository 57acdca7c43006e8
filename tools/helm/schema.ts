/**
 * The schema of the chart's values: values.schema.json beside this file, and for the value config what the operator itself
 * reads.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { schema } from '../../src/config/schema.ts';

const source = new URL('values.schema.json', import.meta.url);

/** What is used of JSON Schema (draft 7), as zod writes it. */
interface Schema {
  $schema?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  required?: string[];
  properties?: Record<string, Schema>;
}

/** The schema that Helm goes by. */
export const valuesSchema = {
  file: new URL('../../charts/accesskey-operator/values.schema.json', import.meta.url),
  text: async () => {
    const { $schema, ...values } = JSON.parse(await readFile(source, 'utf8'));
    const $comment =
      'Made from tools/helm/values.schema.json and src/config/schema.ts by npm run generate. Do not edit.';
    const definitions = { ...values.definitions, configuration: configurationSchema() };
    return `${JSON.stringify({ $schema, $comment, ...values, definitions }, null, 2)}\n`;
  },
};

/** The chart itself says what is required. */
function configurationSchema(): Schema {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', target: 'draft-7' }) as Schema;
  const { $schema: _, required: __, properties = {}, ...rest } = json;
  return { ...rest, properties: orNull(properties) };
}

/**
 * In Helm null is the same as leaving a value out. Patterns are left to the operator: Go's regular expressions differ from
 * those of JavaScript.
 */
function orNull(properties: Record<string, Schema>): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, { pattern: _, ...field }]) => {
      const { type, properties: inside, enum: values } = field;
      if (typeof type !== 'string' || field.const !== undefined) return [name, field];
      return [
        name,
        {
          ...field,
          type: [type, 'null'],
          ...(values && { enum: [...values, null] }),
          ...(inside && { properties: orNull(inside) }),
        },
      ];
    }),
  );
}
