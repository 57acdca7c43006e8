/**
 * What is made from something else in this repository. `npm run generate` writes the files; tests compare them with what
 * would be written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { generateTypes, typesFile } from './generate-types.ts';
import { chartCopies } from './helm/copies.ts';
import { valuesSchema } from './helm/schema.ts';
import { valuesTable } from './helm/values.ts';
import { configurationReference } from './reference/configuration.ts';
import { withGenerated } from './reference/markdown.ts';
import { metricsReference } from './reference/metrics.ts';

/** A file, and what it should hold. */
export interface Generated {
  file: URL;
  text: () => Promise<string>;
}

const inDocument = (name: string, reference: () => string): Generated => {
  const file = new URL(`../docs/${name}`, import.meta.url);
  return { file, text: async () => withGenerated(await readFile(file, 'utf8'), reference()) };
};

export const generated: Generated[] = [
  { file: typesFile, text: generateTypes },
  inDocument('configuration.md', configurationReference),
  inDocument('metrics.md', metricsReference),
  ...chartCopies,
  valuesSchema,
  valuesTable,
];

if (import.meta.main) for (const { file, text } of generated) await writeFile(file, await text());
