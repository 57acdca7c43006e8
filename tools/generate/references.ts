/** The references of configuration fields and metrics in docs/, as tables in Markdown. */
import { z } from 'zod';
import { schema } from '../../src/config/schema.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { table } from './markdown.ts';

/** The used part of JSON Schema (draft 2020-12), as written by zod. */
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

/** Returns a table of the configuration fields: path, default, values and description. */
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
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(', ');
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  return maxItems === undefined ? type : `${type}, at most ${maxItems}`;
}

/** The used fields of a metric of prom-client, whose types lack labelNames. */
interface Metric {
  name: string;
  help: string;
  type: string;
  labelNames?: string[];
}

/** Returns a table of the operator's own metrics: name, type, labels and help text. */
export function metricsReference(): string {
  const { register, collect } = createMetrics();
  collect({ certificateExpiry: () => 0, keyPairs: () => [], rotationDays: 30 });
  const metrics = register.getMetricsAsArray() as unknown as Metric[];
  const own = metrics.filter(({ name }) => !/^(process|nodejs)_/.test(name));
  const rows = own
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, labelNames = [], help }) => [`\`${name}\``, type, labelsOf(labelNames), help]);
  return table(['metric', 'type', 'labels', ''], rows);
}

function labelsOf(names: readonly string[]): string {
  return names
    .filter((name) => name !== 'le')
    .map((name) => `\`${name}\``)
    .join(', ');
}
