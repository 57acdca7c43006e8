/** GitOps tools and Helm delete no object that holds or protects keys. Renders only; needs no cluster. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { locateBinaries } from '../../tools/go-programs/locate.ts';
import { type Manifest, renderManifests } from '../../tools/install.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { type Helm, openHelm, type Values } from '../support/helm.ts';

const manifests = join(import.meta.dirname, '../../manifests');

/** Kinds whose deletion deletes keys, or removes what protects them. */
const protectingKinds = new Set([
  'CustomResourceDefinition',
  'Namespace',
  'Secret',
  'PersistentVolumeClaim',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
]);

/** Kinds that can be created again without loss. A kind that is in neither list fails the test. */
const otherKinds = new Set([
  // cert-manager keeps the Secret of a deleted Certificate.
  'Certificate',
  'ClusterRole',
  'ClusterRoleBinding',
  'ConfigMap',
  'Deployment',
  'Issuer',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'PrometheusRule',
  'Role',
  'RoleBinding',
  'Service',
  'ServiceAccount',
  'ServiceMonitor',
]);

const gitopsAnnotations = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};
const helmAnnotations = { ...gitopsAnnotations, 'helm.sh/resource-policy': 'keep' };

let helm: Helm;
let kubectl: Kubectl;

beforeAll(async () => {
  helm = await openHelm();
  kubectl = createKubectl((await locateBinaries()).kubectl, '');
});

type Annotated = Manifest & { metadata: { annotations?: Record<string, string> } };

/**
 * The guardrails only limit what is written. Without their ConfigMap they reject every change, so both are removed
 * together.
 */
const removable = new Set(['guardrails.accesskeys.ghippo.io']);
const isProtecting = ({ kind, metadata }: Manifest) => protectingKinds.has(kind) && !removable.has(metadata.name);

const nameOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;

/** Checks that exactly the objects of protecting kinds have the annotations. @returns their names */
function protectedObjects(objects: readonly Annotated[], annotations: Record<string, string>): string[] {
  const unknown = objects.filter(({ kind }) => !protectingKinds.has(kind) && !otherKinds.has(kind));
  expect(unknown.map(nameOf)).toEqual([]);
  for (const object of objects) {
    const found = Object.entries(object.metadata.annotations ?? {}).filter(([name]) =>
      Object.hasOwn(helmAnnotations, name),
    );
    expect([nameOf(object), Object.fromEntries(found)]).toEqual([
      nameOf(object),
      isProtecting(object) ? annotations : {},
    ]);
  }
  return objects.filter(isProtecting).map(nameOf);
}

const policies = ['accesskeys', 'console.accesskeys', 'self-service.accesskeys', 'secrets.accesskeys'].flatMap(
  (name) => [`ValidatingAdmissionPolicy ${name}.ghippo.io`, `ValidatingAdmissionPolicyBinding ${name}.ghippo.io`],
);

describe('Argo CD and Flux keep the objects that hold or protect keys', () => {
  const overlays = readdirSync(join(manifests, 'overlays')).map((name) => `overlays/${name}`);

  test.each(['base', ...overlays])('of manifests/%s', async (folder) => {
    const objects = await renderManifests(kubectl, join(manifests, folder));
    const expected = ['CustomResourceDefinition accesskeys.ghippo.io', 'Namespace accesskey-system', ...policies];
    expect(protectedObjects(objects, gitopsAnnotations).sort()).toEqual(expected.sort());
  });

  test.each<[string, Values]>([
    ['defaults', {}],
    [
      'all features',
      {
        highAvailability: { enabled: true },
        tls: { enabled: true, certManager: { enabled: true } },
        monitoring: { enabled: true },
      },
    ],
    ['one namespace', { watchNamespace: 'team-a' }],
  ])('of the chart with %s, as Helm does', async (_, values) => {
    const objects = await helm.template('keys', values);
    const expected = ['CustomResourceDefinition accesskeys.ghippo.io', ...policies];
    expect(protectedObjects(objects, helmAnnotations).sort()).toEqual(expected.sort());
  });
});

test('the chart with admissionPolicies.keep: false protects only the CRD', async () => {
  const objects = (await helm.template('keys', { admissionPolicies: { keep: false } })) as Annotated[];
  const annotated = objects.filter(({ metadata }) =>
    Object.keys(helmAnnotations).some((name) => metadata.annotations?.[name]),
  );
  expect(annotated.map(nameOf)).toEqual(['CustomResourceDefinition accesskeys.ghippo.io']);
});
