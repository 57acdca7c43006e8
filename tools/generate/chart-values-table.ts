/**
 * The table of values in the README of the chart, generated from values.yaml and its comments. Maps whose fields the
 * schema does not define get a single row.
 */
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { replaceGenerated, table } from './markdown.ts';

const chart = new URL('../../charts/accesskey-operator/', import.meta.url);

/** The used part of chart-values.schema.json. */
interface Schema {
  properties?: Record<string, Schema>;
}

export const chartValuesTable = {
  file: new URL('README.md', chart),
  text: async () => {
    const values = parseDocument(await readFile(new URL('values.yaml', chart), 'utf8')).contents;
    const schema: Schema = JSON.parse(await readFile(new URL('chart-values.schema.json', import.meta.url), 'utf8'));
    if (!isMap(values)) throw new Error('values.yaml is not a map');
    const rows = table(['value', 'default', ''], rowsOf(values, schema, ''));
    return replaceGenerated(await readFile(new URL('README.md', chart), 'utf8'), rows);
  },
};

function rowsOf(values: YAMLMap, schema: Schema, path: string): string[][] {
  return values.items.flatMap((pair, index) => {
    const key = String(pair.key);
    const nested = schema.properties?.[key];
    const { value } = pair;
    if (isMap(value) && value.items.length > 0 && nested?.properties) return rowsOf(value, nested, `${path}${key}.`);
    return [[`\`${path}${key}\``, `\`${defaultOf(value)}\``, commentOf(pair, index === 0 ? values : undefined)]];
  });
}

function defaultOf(value: unknown): string {
  return JSON.stringify((value as { toJSON(): unknown }).toJSON());
}

/**
 * Returns the comment before a key.
 *
 * @param map the map if this is its first key, because the parser assigns that comment to the map
 */
function commentOf({ key }: Pair, map: YAMLMap | undefined): string {
  const comment = (isScalar(key) && key.commentBefore) || map?.commentBefore;
  if (!comment) throw new Error(`values.yaml has no comment on ${key}`);
  return comment.replaceAll(/\s*\n\s*/g, ' ').trim();
}
