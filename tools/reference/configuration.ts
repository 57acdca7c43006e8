import { z } from 'zod';
import { schema } from '../../src/config/schema.ts';
import { table } from './markdown.ts';

/** What is used of JSON Schema (draft 2020-12), as zod writes it. */
interface Schema {
  type?: string;
  description?: string;
  default?: unknown;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
}

interface Field extends Schema {
  path: string;
}

/** The fields of the configuration file as a table in Markdown: path, default, values and description. */
export function configurationReference(): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
  const rows = fieldsOf(json, '').map((field) => [
    `\`${field.path}\``,
    defaultOf(field),
    valuesOf(field),
    field.description ?? '',
  ]);
  return table(['field', 'default', 'values', ''], rows);
}

function fieldsOf({ properties = {} }: Schema, prefix: string): Field[] {
  return Object.entries(properties).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    return property.properties ? fieldsOf(property, `${path}.`) : [{ ...property, path }];
  });
}

function defaultOf(field: Field): string {
  return field.default === undefined ? '' : `\`${JSON.stringify(field.default).replaceAll('"', '')}\``;
}

function valuesOf({ type = '', minimum, maximum, maxItems, ...field }: Field): string {
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.enum) return field.enum.map((one) => `\`${one}\``).join(', ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  return maxItems === undefined ? type : `${type}, at most ${maxItems}`;
}
