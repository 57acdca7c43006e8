import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { controlPlanePrograms } from '../../../../tools/control-plane/programs.ts';
import { nodePrograms } from '../../../../tools/single-node/programs.ts';

/** The lines of a go.mod that choose the version of Kubernetes and of its published modules. */
function kubernetesVersions(moduleDirectory: string): string[] {
  const lines = readFileSync(join(moduleDirectory, 'go.mod'), 'utf8')
    .split('\n')
    .map((line) => line.trim());
  return lines
    .filter((line) => /^k8s\.io\/kubernetes v|^k8s\.io\/\S+ => k8s\.io\//.test(line))
    .map((line) => line.replace(/ \/\/.*/, ''));
}

it('builds the node from the release of the control plane', () => {
  const ofControlPlane = kubernetesVersions(controlPlanePrograms.moduleDirectory);
  expect(ofControlPlane.length).toBeGreaterThan(30);
  expect(kubernetesVersions(nodePrograms.moduleDirectory)).toEqual(ofControlPlane);
});
