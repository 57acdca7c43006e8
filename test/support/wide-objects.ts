/** Objects with the longest names and texts that Kubernetes accepts, to test the width of pages. */
import type { Kubectl } from '../../tools/kubectl.ts';
import { accessKeyManifest, waitReady } from './platform.ts';

/** A label of 63 characters. */
const longLabel = `a${'b'.repeat(61)}z`;
export const longNames = {
  namespace: `shop-${'n'.repeat(57)}z`,
  pair: longLabel,
  deployment: [longLabel, longLabel, longLabel, `${'c'.repeat(60)}z`].join('.'),
  image: `registry.internal.example.org:5000/platform/payments/checkout-service@sha256:${'0123456789abcdef'.repeat(4)}`,
};

/** A description of 256 characters, half of it without spaces. */
const longDescription = `${'Used by the nightly build of all branches. '.repeat(3).slice(0, 128)}${'x'.repeat(128)}`;

function wideDeployment(name: string, namespace: string, images: readonly string[]) {
  const labels = { app: 'wide', [`${'d'.repeat(60)}.example.org/${'k'.repeat(63)}`]: 'v'.repeat(63) };
  const containers = images.map((image, index) => ({ name: `container-${index}`, image }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'wide' } },
      template: { metadata: { labels: { app: 'wide' } }, spec: { containers } },
    },
  };
}

/**
 * Creates two key pairs of a user in the namespace people, and Deployments in a new namespace.
 *
 * @returns the name of the namespace
 */
export async function createWideObjects(kubectl: Kubectl, user: { name: string; groups: string[] }): Promise<string> {
  const create = (object: object) => kubectl.run(['create', '-f', '-'], JSON.stringify(object));
  const { namespace, pair, deployment, image } = longNames;
  await kubectl.run(['create', 'namespace', namespace]);
  await kubectl.run(['create', 'rolebinding', 'view', '-n', namespace, '--clusterrole=view', '--group=developers']);
  const keyPairs = [
    { name: pair, description: longDescription, rotation: { interval: '720h' }, expiresAt: '2040-01-01T00:00:00Z' },
    { name: 'ci', description: 'Build pipeline' },
  ];
  await create(accessKeyManifest('people', user.name, { user, keyPairs }));
  await create(wideDeployment(deployment, namespace, [image, `${image}0`.slice(0, -1)]));
  await create(wideDeployment('web', namespace, ['nginx:1.29']));
  await waitReady(kubectl, 'people', user.name);
  return namespace;
}
