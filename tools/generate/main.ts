/**
 * Generates files from other files in this repository: types, schemas, references in documents, and files of the chart.
 *
 * `npm run generate` writes the files. Tests and the release check compare them with the expected content.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { chartFiles } from './chart-files.ts';
import { chartValuesSchema } from './chart-values-schema.ts';
import { chartValuesTable } from './chart-values-table.ts';
import { cliReference } from './cli-reference.ts';
import { crdFieldsFile } from './crd-fields.ts';
import { generateTypes, typesFile } from './crd-types.ts';
import { replaceGenerated } from './markdown.ts';
import { configurationReference, metricsReference } from './references.ts';

/** A generated file and its expected content. */
export interface GeneratedFile {
  file: URL;
  text: () => Promise<string>;
}

const inDocument = (name: string, reference: () => string): GeneratedFile => {
  const file = new URL(`../../docs/${name}`, import.meta.url);
  return { file, text: async () => replaceGenerated(await readFile(file, 'utf8'), reference()) };
};

export const generatedFiles: GeneratedFile[] = [
  { file: typesFile, text: generateTypes },
  crdFieldsFile,
  inDocument('configuration.md', configurationReference),
  inDocument('metrics.md', metricsReference),
  inDocument('cli-reference.md', cliReference),
  ...chartFiles,
  chartValuesSchema,
  chartValuesTable,
];

if (import.meta.main) for (const { file, text } of generatedFiles) await writeFile(file, await text());
