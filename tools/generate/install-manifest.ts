/**
 * Renders manifests/install.yaml, which is manifests/base as a single file for `kubectl apply -f` without a checkout.
 *
 * `npm run render` writes the file. It is not part of `npm run generate` because it needs kubectl.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { locateBinaries } from '../go-programs/locate.ts';
import { createKubectl, type Kubectl } from '../kubectl.ts';

const base = fileURLToPath(new URL('../../manifests/base', import.meta.url));
export const installFile = new URL('../../manifests/install.yaml', import.meta.url);

/** Returns the expected content of manifests/install.yaml. */
export async function renderInstall(kubectl: Pick<Kubectl, 'run'>): Promise<string> {
  return `# Generated from manifests/base by npm run render. Do not edit.\n${await kubectl.run(['kustomize', base])}`;
}

if (import.meta.main) {
  const { kubectl } = await locateBinaries();
  await writeFile(installFile, await renderInstall(createKubectl(kubectl, '')));
}
