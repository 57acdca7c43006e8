/**
 * The table of the chart's values, from values.yaml and its comments. Where the schema leaves the fields open, it ends: one
 * row for all that is in there.
 */
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { table, withGenerated } from '../reference/markdown.ts';

const chart = new URL('../../charts/accesskey-operator/', import.meta.url);

/** What is used of values.schema.json. */
interface Schema {
  properties?: Record<string, Schema>;
}

/** The README of the chart, with the table as it should be. */
export const valuesTable = {
  file: new URL('README.md', chart),
  text: async () => {
    const values = parseDocument(await readFile(new URL('values.yaml', chart), 'utf8')).contents;
    const schema: Schema = JSON.parse(await readFile(new URL('values.schema.json', import.meta.url), 'utf8'));
    if (!isMap(values)) throw new Error('values.yaml is not a map');
    const rows = table(['value', 'default', ''], rowsOf(values, schema, ''));
    return withGenerated(await readFile(new URL('README.md', chart), 'utf8'), rows);
  },
};

function rowsOf(values: YAMLMap, schema: Schema, path: string): string[][] {
  return values.items.flatMap((pair, index) => {
    const key = String(pair.key);
    const inside = schema.properties?.[key];
    const { value } = pair;
    if (isMap(value) && value.items.length > 0 && inside?.properties) return rowsOf(value, inside, `${path}${key}.`);
    return [[`\`${path}${key}\``, `\`${defaultOf(value)}\``, commentOn(pair, index === 0 ? values : undefined)]];
  });
}

function defaultOf(value: unknown): string {
  return JSON.stringify((value as { toJSON(): unknown }).toJSON());
}

/** A comment before the first key of a map is the map's to the parser. */
function commentOn({ key }: Pair, mapOfFirst: YAMLMap | undefined): string {
  const comment = (isScalar(key) && key.commentBefore) || mapOfFirst?.commentBefore;
  if (!comment) throw new Error(`values.yaml says nothing of ${key}`);
  return comment.replaceAll(/\s*\n\s*/g, ' ').trim();
}
