import { readFileSync } from 'node:fs';
import { mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { parseConfiguration } from '../../src/config/load.ts';
import { installFile, renderInstall } from '../../tools/generate/install-manifest.ts';
import { type Manifest, operatorNamespace, renderManifests } from '../../tools/install.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { createNamespace } from '../support/platform.ts';

const manifests = join(import.meta.dirname, '../../manifests');
const base = join(manifests, 'base');
const installDocument = join(manifests, '../docs/install.md');
const upgradeDocument = join(manifests, '../docs/upgrade.md');

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.stop());

interface Workload {
  spec: { replicas: number; template: Pod };
}

interface Pod {
  spec: {
    containers: { image: string; args: string[] }[];
    volumes: { configMap?: { name: string } }[];
    topologySpreadConstraints?: { topologyKey: string }[];
  };
}

async function podsOfOperator(): Promise<Pod[]> {
  const selector = 'app.kubernetes.io/name=accesskey-operator';
  return (await cluster.kubectl.get<{ items: Pod[] }>('pods', '-n', operatorNamespace, '-l', selector)).items;
}

describe('manifests/base', () => {
  test('applies, policies before roles, and Pod Security "restricted" admits the pod', async () => {
    const applied = await cluster.kubectl.run(['apply', '-k', base, '--server-side']);
    expect(applied.lastIndexOf('\nvalidatingadmissionpolicybinding.')).toBeLessThan(applied.indexOf('\nclusterrole.'));
    const namespace = await cluster.kubectl.get<{ metadata: { labels: object } }>('namespace', operatorNamespace);
    expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const [pod] = await poll('the pod', async () => {
      const pods = await podsOfOperator();
      return pods.length > 0 && pods;
    });
    expect(pod?.spec.containers[0]?.image).toBe(`accesskey-operator:${packageJson.version}`);
  });

  test('changes nothing when applied again', async () => {
    const output = await cluster.kubectl.run(['apply', '-k', base, '--server-side']);
    const diff = await cluster.kubectl.run(['diff', '-k', base, '--server-side']);
    expect(output.split('\n').length).toBeGreaterThan(10);
    expect(diff).toBe('');
  });

  test('has a configuration that the operator accepts', () => {
    const file = join(base, 'config.yaml');
    expect(parseConfiguration(readFileSync(file, 'utf8'), file).http).toMatchObject({ plain: true, port: 8080 });
  });
});

describe('manifests/install.yaml', () => {
  test('is the output of npm run render', async () => {
    expect(readFileSync(installFile, 'utf8')).toBe(await renderInstall(cluster.kubectl));
  });
});

const overlays = ['guardrails', 'high-availability', 'monitoring', 'self-service', 'single-namespace', 'tls'];

describe('the overlays', () => {
  /** Kinds of other projects, whose CRDs are not installed. */
  const foreign = /^(cert-manager|monitoring\.coreos)\./;

  beforeAll(async () => {
    await createNamespace(cluster.kubectl, 'team-a');
    await createNamespace(cluster.kubectl, 'accesskey-self-service');
  });

  test.each(overlays)('%s has the policies before the roles', async (name) => {
    const kinds = (await renderManifests(cluster.kubectl, join(manifests, 'overlays', name))).map(({ kind }) => kind);
    expect(kinds.lastIndexOf('ValidatingAdmissionPolicyBinding')).toBeLessThan(kinds.indexOf('ClusterRole'));
    expect(kinds.at(-1)).toBe('Deployment');
  });

  test.each(['high-availability', 'monitoring', 'self-service', 'single-namespace', 'tls'])(
    '%s applies',
    async (name) => {
      const objects = await renderManifests(cluster.kubectl, join(manifests, 'overlays', name));
      const items = objects.filter(({ apiVersion }) => !foreign.test(apiVersion));
      await cluster.kubectl.apply(items, '--server-side');
      const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && /-config-/.test(metadata.name));
      const { data } = config as unknown as { data: Record<string, string> };
      expect(parseConfiguration(data['config.yaml'] ?? '', name).http.plain).toBe(name !== 'tls');
      await poll('a pod of this Deployment', async () => {
        const names = (await podsOfOperator()).flatMap(({ spec }) =>
          spec.volumes.map(({ configMap }) => configMap?.name),
        );
        return names.includes(config?.metadata.name);
      });
    },
  );

  test('combine components, image and configuration as in docs/install.md', async () => {
    const directory = await mkdtemp(join(cluster.directory, 'own-'));
    const [kustomization = ''] = /(?<=```yaml\n)[\s\S]*?(?=```)/.exec(readFileSync(installDocument, 'utf8')) ?? [];
    await symlink(join(manifests, '..'), join(directory, 'accesskey-operator'));
    await writeFile(join(directory, 'kustomization.yaml'), kustomization);
    const objects = await renderManifests(cluster.kubectl, directory);
    const deployment = objects.at(-1) as unknown as Workload;
    const { replicas, template } = deployment.spec;
    expect(replicas).toBe(2);
    expect(template.spec.containers[0]?.image).toBe(`registry.example.org/accesskey-operator:${packageJson.version}`);
    const used = template.spec.volumes.flatMap(({ configMap }) => configMap?.name ?? []);
    const config = objects.find(({ metadata }) => metadata.name === used[0]) as unknown as { data: object };
    const text = Object.values(config.data)[0];
    expect(parseConfiguration(text, installDocument).token.issuer).toBe('https://keys.example.org');
    const items = objects.filter(({ apiVersion }) => !foreign.test(apiVersion));
    await cluster.kubectl.apply(items, '--server-side', '--dry-run=server');
  });

  test('keep the newer CRD in a rollback with the patch of docs/upgrade.md', async () => {
    const directory = await mkdtemp(join(cluster.directory, 'rollback-'));
    const [, indented = ''] =
      /^ {3}```yaml\n(\s+patches:[\s\S]*?)^ {3}```$/m.exec(readFileSync(upgradeDocument, 'utf8')) ?? [];
    await symlink(base, join(directory, 'base'));
    await writeFile(join(directory, 'kustomization.yaml'), `resources: [base]\n${indented.replace(/^ {3}/gm, '')}`);
    const ids = (objects: Manifest[]) => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
    const all = ids(await renderManifests(cluster.kubectl, base));
    const crd = 'CustomResourceDefinition/accesskeys.ghippo.io';
    expect(all).toContain(crd);
    expect(ids(await renderManifests(cluster.kubectl, directory))).toEqual(all.filter((id) => id !== crd));
  });

  test('have an example Ingress that names a port of the Service', async () => {
    await cluster.kubectl.run(['apply', '-k', base, '--server-side', '--force-conflicts']);
    const file = join(manifests, '../examples/exposing/ingress.yaml');
    const { service } = parse(readFileSync(file, 'utf8')).spec.rules[0].http.paths[0].backend;
    const ports = ['get', 'service', service.name, '-n', operatorNamespace, '-o', 'jsonpath={.spec.ports[*].name}'];
    expect(await cluster.kubectl.run(ports)).toBe(service.port.name);
    await cluster.kubectl.run(['apply', '-f', file, '--dry-run=server']);
  });

  test('prefer different nodes with high-availability, also in a cluster without zones', async () => {
    const objects = await renderManifests(cluster.kubectl, join(manifests, 'overlays/high-availability'));
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as unknown as Workload;
    // The scheduler ignores all constraints on a node without the label of one of them.
    const topologyKeys = deployment.spec.template.spec.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey);
    expect(topologyKeys).toEqual(['kubernetes.io/hostname']);
  });

  test('let a drain evict one pod at a time with high-availability', async () => {
    const [budget] = (await cluster.kubectl.get<{ items: { spec: object }[] }>('pdb', '-n', operatorNamespace)).items;
    expect(budget?.spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  });
});
