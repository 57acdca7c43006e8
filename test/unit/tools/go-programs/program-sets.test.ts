import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { controlPlanePrograms, kindPrograms, nodePrograms } from '../../../../tools/go-programs/program-sets.ts';

/** Returns the lines of a go.mod that set the versions of Kubernetes and its published modules. */
function kubernetesVersions(moduleDirectory: string): string[] {
  const lines = readFileSync(join(moduleDirectory, 'go.mod'), 'utf8')
    .split('\n')
    .map((line) => line.trim());
  return lines
    .filter((line) => /^k8s\.io\/kubernetes v|^k8s\.io\/\S+ => k8s\.io\//.test(line))
    .map((line) => line.replace(/ \/\/.*/, ''));
}

it.each([nodePrograms, kindPrograms])(
  'builds $cacheName and the control plane from the same Kubernetes release',
  (set) => {
    const ofControlPlane = kubernetesVersions(controlPlanePrograms.moduleDirectory);
    expect(ofControlPlane.length).toBeGreaterThan(30);
    expect(kubernetesVersions(set.moduleDirectory)).toEqual(ofControlPlane);
  },
);
