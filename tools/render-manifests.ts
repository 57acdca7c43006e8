/**
 * Renders manifests/install.yaml: manifests/base as one file, for `kubectl apply -f` without a checkout.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { locateBinaries } from './control-plane/binaries.ts';
import { createKubectl, type Kubectl } from './kubectl.ts';

const base = fileURLToPath(new URL('../manifests/base', import.meta.url));
export const installFile = new URL('../manifests/install.yaml', import.meta.url);

/** The text of manifests/install.yaml as it should be. */
export async function renderInstall(kubectl: Pick<Kubectl, 'run'>): Promise<string> {
  return `# Made from manifests/base by npm run render. Do not edit.\n${await kubectl.run(['kustomize', base])}`;
}

if (import.meta.main) {
  const { kubectl } = await locateBinaries();
  await writeFile(installFile, await renderInstall(createKubectl(kubectl, '')));
}
