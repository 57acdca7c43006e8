/** The formats of results (`-o`). */
import { type Command, Option } from 'commander';
import { accessKeys, group, kind, plural } from '../../accesskey/model/access-key-record.ts';
import { printable, printableJSON } from '../../kube/printable.ts';
import type { RawObject } from '../../kube/raw-object.ts';

/** Objects in json and yaml are those of the API server, without managedFields, as kubectl prints them. */
export type ObjectFormat = 'json' | 'yaml' | 'name';
export type TableFormat = 'table' | 'wide';

/** Adds `-o` with these formats; the first is the default if `hasDefault`. */
export function addOutputFlag(command: Command, formats: readonly string[], defaultFormat?: string): Command {
  const option = new Option('-o, --output <format>', 'format of the result').choices(formats);
  return command.addOption(defaultFormat === undefined ? option : option.default(defaultFormat));
}

/** @returns the text of an object or a list of objects, with a line break at its end */
export async function formatObject(object: object, format: ObjectFormat): Promise<string> {
  if (format === 'json') return `${printableJSON(JSON.stringify(object, null, 4))}\n`;
  if (format === 'name') return `${printable(nameOf(object as RawObject))}\n`;
  const { formatYAML } = await import('./yaml.ts');
  return formatYAML(object);
}

/** @returns the name as kubectl prints it: `accesskey.ghippo.io/alice` */
export function nameOf({ metadata }: Pick<RawObject, 'metadata'>): string {
  return `${plural.replace(/s$/, '')}.${group}/${metadata.name}`;
}

export function withoutManagedFields(object: RawObject): RawObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: metadata as RawObject['metadata'] };
}

/** The items of a list have no apiVersion and kind of their own in some API servers. */
export function withType(object: RawObject): RawObject {
  return { apiVersion: accessKeys.apiVersion, kind, ...object };
}
