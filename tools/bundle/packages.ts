/** The npm packages in a bundle, and the file with their licenses. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

const packageFolder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const licenseFile = /^(?:licen[cs]e|notice|copying)(?:[.-].*)?$/i;

/**
 * @returns the sorted folders of the packages with code in the bundle, relative to the repository, as in package-lock.json:
 * `node_modules/jose`
 */
export function bundledPackages({ outputs }: Pick<Metafile, 'outputs'>): string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  return [...new Set(files.flatMap((file) => packageFolder.exec(file)?.[0] ?? []))].sort();
}

/**
 * Writes the licenses of packages to LICENSES.txt: most of them require that copies contain their text.
 *
 * @param folder folder of the bundle
 */
export async function writeLicenses(root: string, folder: string, packages: readonly string[]): Promise<void> {
  const texts = await Promise.all(packages.map((name) => licenseText(join(root, name))));
  await writeFile(join(folder, 'LICENSES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`));
}

async function licenseText(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => licenseFile.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return [`${name} ${version}, ${license}`, ...texts.map((text) => text.trim())].join('\n\n').concat('\n');
}
