import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { parseConfiguration } from '../../src/config/load.ts';
import { locateBinaries } from '../../tools/go-programs/locate.ts';
import { type Manifest, renderManifests } from '../../tools/install.ts';
import { createKubectl, type Kubectl } from '../../tools/kubectl.ts';
import { chart, type Helm, openHelm, type Values } from '../support/helm.ts';

const manifests = join(import.meta.dirname, '../../manifests');

let helm: Helm;
let kubectl: Kubectl;

beforeAll(async () => {
  helm = await openHelm();
  kubectl = createKubectl((await locateBinaries()).kubectl, '');
});

/** A rendered object with the fields that the tests read. */
type RenderedObject = Manifest & {
  metadata: { annotations?: Record<string, string> };
  data: Record<string, string>;
  rules?: { resources: string[] }[];
  spec: {
    replicas: number;
    strategy: object;
    ports: { name: string; port: number }[];
    type?: string;
    externalTrafficPolicy?: string;
    dnsNames: string[];
    groups: { rules: { alert: string }[] }[];
    issuerRef: object;
    egress: object[];
    template: {
      metadata: { annotations: Record<string, string>; labels: Record<string, string> };
      spec: {
        containers: { image: string; volumeMounts: object[]; ports: { name: string; containerPort: number }[] }[];
        volumes: { configMap?: { name: string } }[];
      };
    };
  };
};

async function objectsOf(namespace: string, values?: Values): Promise<RenderedObject[]> {
  return (await helm.template(namespace, values)) as RenderedObject[];
}

async function objectOf(kind: string, name: string, values?: Values): Promise<RenderedObject> {
  const found = (await objectsOf('keys', values)).find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** Returns the error message of Helm, or "accepted". */
async function rejectionOf(values: Values, namespace = 'keys'): Promise<string> {
  return helm.template(namespace, values).then(
    () => 'accepted',
    (error: Error) => error.message,
  );
}

test('helm lint reports no problems', async () => {
  expect(await helm.run(['lint', '--strict', '--namespace=keys', '--kube-version=1.36.0', chart])).toContain(
    '0 chart(s) failed',
  );
});

const guardrails = {
  enabled: true,
  maxKeyPairLifetime: '2160h',
  requireExpiryOrRotation: true,
  maxTokenLifetime: '24h',
  allowedGroups: { '*': ['viewers'], 'team-a': ['developers', 'testers'], 'team-b': [] },
  allowedAudiences: ['https://shop.example.org', 'https://stock.example.org'],
};

const selfServiceConfig = {
  web: {
    publicUrl: 'https://keys.example.org',
    oidc: {
      issuer: 'https://login.example.org',
      clientID: 'accesskey-console',
      clientSecretFile: '/etc/accesskey-operator-sso/client-secret',
      groupsClaim: 'groups',
      accessMode: 'self-service',
      selfService: { namespace: 'accesskey-self-service' },
      backChannelLogout: true,
    },
  },
};

describe('the chart renders the same objects as kustomize', () => {
  /** Returns a copy without the intended differences. */
  function comparable(object: RenderedObject): RenderedObject {
    const copy = structuredClone(object);
    const { labels = {}, annotations = {} } = copy.metadata;
    // Only Helm sets these.
    delete labels['helm.sh/chart'];
    delete labels['app.kubernetes.io/managed-by'];
    if (Object.keys(labels).length === 0) delete copy.metadata.labels;
    // Only Helm needs this, because it deletes objects on uninstall.
    delete annotations['helm.sh/resource-policy'];
    if (Object.keys(annotations).length === 0) delete copy.metadata.annotations;
    if (copy.kind === 'Deployment') withoutHash(copy.spec.template);
    // The chart drops comments and sets the namespace; the parsed configuration must be equal.
    if (isConfiguration(copy)) {
      copy.metadata.name = 'accesskey-operator-config';
      return { ...copy, data: { config: parseConfiguration(copy.data['config.yaml'] ?? '', 'config') as never } };
    }
    return copy;
  }

  /** Removes the hash of the configuration: kustomize adds it to the name of the ConfigMap, the chart to an annotation. */
  function withoutHash({ metadata, spec }: RenderedObject['spec']['template']): void {
    delete metadata.annotations['checksum/config'];
    for (const { configMap } of spec.volumes) if (configMap) configMap.name = 'accesskey-operator-config';
  }

  const isConfiguration = ({ kind, metadata }: Manifest) =>
    kind === 'ConfigMap' && metadata.name.startsWith('accesskey-operator-config');

  function byName(objects: readonly RenderedObject[]): Record<string, RenderedObject> {
    const named = objects.map(comparable).map((object) => {
      const { kind, metadata } = object;
      return [`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, object] as const;
    });
    expect(new Set(named.map(([name]) => name)).size).toBe(named.length);
    return Object.fromEntries(named);
  }

  test.each<[string, Values]>([
    ['base', {}],
    ['overlays/high-availability', { highAvailability: { enabled: true } }],
    ['overlays/tls', { tls: { enabled: true, certManager: { enabled: true } } }],
    ['overlays/monitoring', { monitoring: { enabled: true } }],
    ['overlays/guardrails', { guardrails }],
    ['overlays/single-namespace', { watchNamespace: 'team-a' }],
    ['overlays/self-service', { config: selfServiceConfig, singleSignOn: { secretName: 'accesskey-operator-sso' } }],
  ])('%s', async (folder, values) => {
    const rendered = (await renderManifests(kubectl, join(manifests, folder))) as RenderedObject[];
    // Helm creates the release namespace (--create-namespace).
    const expected = rendered.filter(({ kind }) => kind !== 'Namespace');
    expect(expected.length).toBeGreaterThan(15);
    expect(byName(await objectsOf('accesskey-system', values))).toEqual(byName(expected));
  });
});

describe('another release namespace', () => {
  test('replaces the default namespace everywhere', async () => {
    const own = { ...guardrails, allowedGroups: {} };
    const all = {
      guardrails: own,
      monitoring: { enabled: true },
      tls: { enabled: true, certManager: { enabled: true } },
    };
    for (const values of [all, { watchNamespace: 'team-b' }]) {
      const text = JSON.stringify(await helm.template('keys', values));
      expect(text).not.toContain('accesskey-system');
      expect(text).not.toContain('team-a');
      expect(text.split('system:serviceaccount:keys:accesskey-operator').length - 1).toBe(5);
    }
  });

  test('may contain the name of a default namespace, as may watchNamespace', async () => {
    const objects = await helm.template('team-a-keys', { watchNamespace: 'accesskey-system-b' });
    const namespaces = objects.flatMap(({ metadata }) => metadata.namespace ?? []);
    expect(new Set(namespaces)).toEqual(new Set(['team-a-keys', 'accesskey-system-b']));
    expect(JSON.stringify(objects)).toContain('system:serviceaccount:team-a-keys:accesskey-operator');
  });
});

describe('strings that YAML could parse as another type', () => {
  /** Returns the paths of fields with these names whose value is not a string. */
  function nonStrings(value: unknown, names: readonly string[], path = ''): string[] {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, inside]) => [
      ...(names.includes(name) && typeof inside !== 'string' ? [`${path}.${name}`] : []),
      ...nonStrings(inside, names, `${path}.${name}`),
    ]);
  }

  test.each(['123', '1e3', 'true', 'null'])('keeps %s a string', async (text) => {
    const names = ['namespace', 'secretName', 'priorityClassName', 'kubernetes.io/metadata.name'];
    const values = {
      guardrails,
      monitoring: { enabled: true, prometheusNamespace: text },
      tls: { enabled: true, secretName: text, certManager: { enabled: true } },
      priorityClassName: text,
      watchNamespace: '456',
    };
    const objects = await objectsOf(text, values);
    // In the CRD, fields with these names are schemas.
    const others = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
    expect(nonStrings(others, names)).toEqual([]);
    const configuration = objects.find(({ metadata }) => metadata.name === 'accesskey-operator-config');
    expect(parseConfiguration(configuration?.data['config.yaml'] ?? '', 'config')).toMatchObject({
      namespace: text,
      watchNamespace: '456',
    });
    expect(JSON.stringify(objects)).toContain(`accesskey-operator.${text}.svc`);
  });
});

describe('the CRD and the admission policies', () => {
  const guarded = ['CustomResourceDefinition', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'];
  const keptBy = async (values: Values) => {
    const objects = await objectsOf('keys', values);
    return objects.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep');
  };

  test('are kept after an uninstall, the policies unless admissionPolicies.keep is false', async () => {
    const kept = await keptBy({});
    expect(kept).toHaveLength(9);
    expect(new Set(kept.map(({ kind }) => kind))).toEqual(new Set(guarded));
    const unguarded = await keptBy({ admissionPolicies: { keep: false } });
    expect(unguarded.map(({ kind }) => kind)).toEqual(['CustomResourceDefinition']);
  });

  test('omits the CRD with crds.enabled: false', async () => {
    const kinds = (await objectsOf('keys', { crds: { enabled: false } })).map(({ kind }) => kind);
    expect(kinds).not.toContain('CustomResourceDefinition');
    expect(kinds).toContain('ValidatingAdmissionPolicy');
  });
});

describe('the configuration', () => {
  const configuration = async (values: Values) => {
    const { data } = await objectOf('ConfigMap', 'accesskey-operator-config', values);
    return parseConfiguration(data['config.yaml'] ?? '', 'config');
  };

  test('may trust proxies with IPv4-mapped addresses, as in docs/tokens.md', async () => {
    const http = { trustedProxies: ['::ffff:10.0.0.0/104'] };
    expect(await configuration({ config: { http } })).toMatchObject({ http });
  });

  test('overrides fields from other values, also with false and 0', async () => {
    const config = {
      clusterName: 'production',
      http: { port: 9080, shutdownDelaySeconds: 0 },
      clusters: { enabled: false },
      token: { issuer: 'https://keys.example.org' },
    };
    expect(await configuration({ config })).toMatchObject({ ...config, namespace: 'keys', http: { plain: true } });
    const { http } = await configuration({ config, tls: { enabled: true } });
    expect(http).toMatchObject({ ...config.http, tls: { keyFile: '/etc/accesskey-operator-tls/tls.key' } });
  });

  test('treats null as unset', async () => {
    const config = {
      http: null,
      health: null,
      leaderElection: null,
      web: { enabled: null },
      token: { maxCycle: null },
    };
    expect(await helm.template('keys', { config })).toEqual(
      await helm.template('keys', { config: { web: {}, token: {} } }),
    );
  });

  test('without leader election stops the old pod before it starts the new one', async () => {
    const strategy = async (enabled: boolean) =>
      (await objectOf('Deployment', 'accesskey-operator', { config: { leaderElection: { enabled } } })).spec.strategy;
    expect(await strategy(false)).toEqual({ type: 'Recreate' });
    expect(await strategy(true)).toHaveProperty('rollingUpdate');
  });

  test('replaces the pods when it changes', async () => {
    const checksum = async (values: Values) =>
      (await objectOf('Deployment', 'accesskey-operator', values)).spec.template.metadata.annotations[
        'checksum/config'
      ];
    expect(await checksum({ config: { clusterName: 'a' } })).not.toBe(await checksum({ config: { clusterName: 'b' } }));
    expect(await checksum({ podLabels: { a: 'b' } })).toBe(await checksum({}));
  });

  test('sets the ports of the pod', async () => {
    const config = { http: { port: 9080 }, health: { port: 9081 } };
    const { spec } = (await objectOf('Deployment', 'accesskey-operator', { config })).spec.template;
    expect(spec.containers[0]?.ports.map(({ containerPort }) => containerPort)).toEqual([9080, 9081]);
  });

  test.each(['view', 'off'])('omits the console RBAC rules with keyPairSignIn: %s', async (keyPairSignIn) => {
    const names = async (values: Values) => (await objectsOf('keys', values)).map(({ metadata }) => metadata.name);
    expect(await names({})).toContain('accesskey-operator-console');
    expect(await names({ config: { web: { keyPairSignIn } } })).not.toContain('accesskey-operator-console');
    expect(await names({ config: { web: { enabled: false } } })).not.toContain('accesskey-operator-console');
  });
});

describe('the image', () => {
  const digest = `sha256:${'0'.repeat(64)}`;

  test.each<[string, object]>([
    [`accesskey-operator:${packageJson.version}`, {}],
    ['registry.example.org/keys:1', { repository: 'registry.example.org/keys', tag: '1' }],
    [`accesskey-operator@${digest}`, { digest }],
    [`accesskey-operator:1@${digest}`, { tag: '1', digest }],
  ])('is %s', async (image, values) => {
    const { spec } = (await objectOf('Deployment', 'accesskey-operator', { image: values })).spec.template;
    expect(spec.containers[0]?.image).toBe(image);
  });
});

describe('other values', () => {
  test('apply to the pod', async () => {
    const pod = {
      nodeSelector: { disk: 'fast' },
      tolerations: [{ key: 'a', operator: 'Exists' }],
      affinity: { podAffinity: {} },
      priorityClassName: 'high',
    };
    const extraVolumes = [{ name: 'issuer-ca', configMap: { name: 'issuer-ca' } }];
    const extraVolumeMounts = [{ name: 'issuer-ca', mountPath: '/ca', readOnly: true }];
    const values = {
      ...pod,
      extraVolumes,
      extraVolumeMounts,
      podLabels: { team: 'a' },
      podAnnotations: { note: 'b' },
      image: { pullSecrets: [{ name: 'r' }] },
    };
    const { template } = (await objectOf('Deployment', 'accesskey-operator', values)).spec;
    expect(template.spec).toMatchObject({ ...pod, imagePullSecrets: [{ name: 'r' }] });
    expect(template.spec.volumes).toEqual(expect.arrayContaining(extraVolumes));
    expect(template.spec.containers[0]?.volumeMounts).toEqual(expect.arrayContaining(extraVolumeMounts));
    expect(template.metadata.labels).toEqual({ 'app.kubernetes.io/name': 'accesskey-operator', team: 'a' });
    expect(template.metadata.annotations).toMatchObject({ note: 'b' });
  });

  test('apply to the Service and the NetworkPolicy', async () => {
    const loadBalancer = { type: 'LoadBalancer', loadBalancerSourceRanges: ['192.0.2.0/24', '2001:db8::/32'] };
    const annotations = { internal: 'true' };
    const { metadata, spec } = await objectOf('Service', 'accesskey-operator', {
      service: { ...loadBalancer, annotations },
    });
    expect(metadata.annotations).toEqual(annotations);
    expect(spec).toMatchObject(loadBalancer);
    const networkPolicy = { apiServerPorts: [16443] };
    const policy = await objectOf('NetworkPolicy', 'accesskey-operator', { networkPolicy });
    expect(policy.spec.egress.at(-1)).toEqual({ ports: [{ port: 16443 }] });
    const without = { networkPolicy: { enabled: false }, monitoring: { enabled: true } };
    expect((await objectsOf('keys', without)).map(({ kind }) => kind)).not.toContain('NetworkPolicy');
  });

  test('allow DNS also at the port on which the pods of OpenShift listen', async () => {
    const { spec } = await objectOf('NetworkPolicy', 'accesskey-operator');
    const ports = [53, 5353].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ port, protocol })));
    expect(spec.egress[0]).toEqual({ ports });
  });

  test.each<[object, string | undefined]>([
    [{}, undefined],
    [{ type: 'NodePort' }, 'Local'],
    [{ type: 'LoadBalancer' }, 'Local'],
    [{ type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' }, 'Cluster'],
  ])('keep the address of the client by default: %j', async (service, policy) => {
    const { spec } = await objectOf('Service', 'accesskey-operator', { service });
    expect(spec.externalTrafficPolicy).toBe(policy);
  });

  test('leave out disabled alerts', async () => {
    const alerts = async (disabledAlerts: string[]) => {
      const values = { monitoring: { enabled: true, disabledAlerts } };
      const { spec } = await objectOf('PrometheusRule', 'accesskey-operator', values);
      return spec.groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    };
    const disabled = ['AccessKeyPairUnused', 'AccessKeyPairNotRotated'];
    const all = await alerts([]);
    expect(all).toEqual(expect.arrayContaining(disabled));
    expect(await alerts(disabled)).toEqual(all.filter((name) => !disabled.includes(name)));
  });

  test('use an existing issuer for the Service and additional DNS names, without a dedicated CA', async () => {
    const issuerRef = { name: 'corporate', kind: 'ClusterIssuer' };
    const tls = {
      enabled: true,
      secretName: 'mine',
      certManager: { enabled: true, issuerRef, dnsNames: ['a.example'] },
    };
    const objects = (await objectsOf('keys', { tls })).filter(({ apiVersion }) =>
      apiVersion.startsWith('cert-manager'),
    );
    expect(objects).toHaveLength(1);
    expect(objects[0]?.spec).toMatchObject({ issuerRef, secretName: 'mine' });
    expect(objects[0]?.spec.dnsNames).toEqual(expect.arrayContaining(['accesskey-operator.keys.svc', 'a.example']));
  });
});

/** One more than the policy allows, counting the line of a namespace without groups. */
const manyGroups = { a: Array.from({ length: 3000 }, () => 'g'), b: Array.from({ length: 2000 }, () => 'g'), c: [] };

test('a certificate of a public issuer has only the additional DNS names', async () => {
  const issuerRef = { name: 'letsencrypt', kind: 'ClusterIssuer' };
  const certManager = { enabled: true, issuerRef, serviceNames: false, dnsNames: ['keys.example.org'] };
  const { spec } = await objectOf('Certificate', 'accesskey-operator', { tls: { enabled: true, certManager } });
  expect(spec).toMatchObject({ issuerRef, dnsNames: ['keys.example.org'] });
});

describe('invalid values', () => {
  test.each<[string, Values]>([
    ['replica', { replica: 2 }],
    ['enable', { tls: { enable: true } }],
    ['highAvailability.replicas', { highAvailability: { enabled: true, replicas: 1 } }],
    ['guardrails.maxKeyPairLifetime', { guardrails: { maxKeyPairLifetime: '90d' } }],
    ['guardrails.maxKeyPairLifetime', { guardrails: { maxKeyPairLifetime: '0h' } }],
    ['guardrails.maxTokenLifetime', { guardrails: { maxTokenLifetime: '00h0m0s' } }],
    ['guardrails.allowedGroups: has 5001 entries', { guardrails: { allowedGroups: manyGroups } }],
    ['guardrails.allowedGroups', { guardrails: { allowedGroups: { 'a b': ['c'] } } }],
    ['guardrails.allowedGroups', { guardrails: { allowedGroups: { a: ['b\n*: c'] } } }],
    ['guardrails.allowedAudiences', { guardrails: { allowedAudiences: ['a b'] } }],
    ['image.digest', { image: { digest: 'latest' } }],
    ['service.type', { service: { type: 'Public' } }],
    ['service.externalTrafficPolicy', { service: { type: 'NodePort', externalTrafficPolicy: 'None' } }],
    ['service.externalTrafficPolicy: requires', { service: { externalTrafficPolicy: 'Local' } }],
    ['service.loadBalancerSourceRanges', { service: { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.1'] } }],
    [
      'service.loadBalancerSourceRanges: requires',
      { service: { type: 'NodePort', loadBalancerSourceRanges: ['10.0.0.0/8'] } },
    ],
    ['extraVolumes: the chart uses the name tls', { extraVolumes: [{ name: 'tls', emptyDir: {} }] }],
    ['extraVolumeMounts.0', { extraVolumeMounts: [{ name: 'ca', mountPath: 'ca' }] }],
    ['watchNamespace', { watchNamespace: 'Team_A' }],
    ['watchNamespace: the operator needs its own namespace', { watchNamespace: 'keys' }],
    ['tls.enabled', { tls: { enabled: 'yes' } }],
    ['keep', { crds: { keep: false } }],
    ['podLabels.a', { podLabels: { a: 1 } }],
    ['tls.certManager.enabled', { tls: { certManager: { enabled: true } } }],
    ['config.namespace', { config: { namespace: 'elsewhere' } }],
    ['config.watchNamespace', { config: { watchNamespace: 'team-a' } }],
    ['config.http.plain', { config: { http: { plain: true } } }],
    ['config.http.tls', { config: { http: { tls: {} } } }],
    [
      'config.leaderElection.enabled',
      { highAvailability: { enabled: true }, config: { leaderElection: { enabled: false } } },
    ],
    ['config.token.signingKeys.secretName', { config: { token: { signingKeys: { secretName: 'mine' } } } }],
    ['podLabels: app.kubernetes.io.name is set by the chart', { podLabels: { 'app.kubernetes.io/name': 'mine' } }],
    ['podAnnotations: checksum.config is set by the chart', { podAnnotations: { 'checksum/config': 'mine' } }],
    ['podAnnotations: ', { podAnnotations: { 'kubectl.kubernetes.io/default-container': 'mine' } }],
    ['monitoring.labels: helm.sh.chart is set by the chart', { monitoring: { labels: { 'helm.sh/chart': 'mine' } } }],
    ['monitoring.dashboardLabels: ', { monitoring: { dashboardLabels: { 'app.kubernetes.io/name': 'mine' } } }],
    [
      'monitoring.disabledAlerts: there is no alert KeyUnused',
      { monitoring: { enabled: true, disabledAlerts: ['KeyUnused'] } },
    ],
    ["missing property 'watchNamespace'", { watchNamespace: null }],
    ["missing property 'tls'", { tls: null }],
    ["missing property 'secretName'", { tls: { secretName: null } }],
    ['priorityClassName', { priorityClassName: 'high\nhostNetwork: true' }],
    ['tls.secretName', { tls: { secretName: 'a: b' } }],
    ['monitoring.prometheusNamespace', { monitoring: { prometheusNamespace: 'a #b' } }],
    ['tls.certManager.dnsNames', { tls: { certManager: { dnsNames: ['a b'] } } }],
    ['tls.certManager.dnsNames: required', { tls: { certManager: { serviceNames: false } } }],
    ['tls.certManager.issuerRef.name', { tls: { certManager: { issuerRef: { kind: 'ClusterIssuer' } } } }],
    ['tls.secretName: the operator uses', { tls: { secretName: 'accesskey-operator-signing-keys' } }],
    ['tls.secretName: the operator uses', { tls: { secretName: 'accesskey-operator-web-session' } }],
    ['tls.secretName: the operator uses', { tls: { secretName: 'accesskey-operator-ca' } }],
    ['tokens', { config: { tokens: {} } }],
    ['maxcycle', { config: { token: { maxcycle: 1 } } }],
    ['config.token.maxCycle', { config: { token: { maxCycle: 0 } } }],
    ['config.http', { config: { http: 'plain' } }],
    ['config.http.port', { config: { http: { port: 0 } } }],
    ['config.health.port', { config: { health: { port: 0 } } }],
    ['config.health.port: must differ from config.http.port', { config: { http: { port: 8081 } } }],
  ])('rejects a value with the message %s', async (name, values) => {
    const rejection = await rejectionOf(values);
    expect(rejection.replaceAll('/', '.')).toContain(name);
  });

  test.each(['', '10m', '2160h', '0h30m'])('accepts the guardrail %j', async (duration) => {
    const limits = { maxKeyPairLifetime: duration, maxTokenLifetime: duration };
    expect(await rejectionOf({ guardrails: { enabled: true, ...limits } })).toBe('accepted');
  });

  test.each([
    ['default', 'the operator needs its own namespace'],
    ['kube-system', 'the operator needs its own namespace'],
    ['keys: x', '"keys: x" is not a valid namespace name'],
  ])('rejects the release namespace %s', async (namespace, message) => {
    expect(await rejectionOf({}, namespace)).toContain(`release namespace: ${message}`);
  });

  test('rejects a Kubernetes version that is too old', async () => {
    const old = helm.template('keys', {}, '--kube-version=1.31.14');
    await expect(old).rejects.toThrow(/requires kubeVersion: >=1\.32/);
  });
});

describe('helm package', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'accesskey-chart-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('creates an archive that renders the same objects', async () => {
    await helm.run(['package', chart, '--destination', directory]);
    const archive = join(directory, `accesskey-operator-${packageJson.version}.tgz`);
    const flags = ['--namespace=keys', '--kube-version=1.36.0'];
    const fromArchive = await helm.run(['template', 'a', archive, ...flags]);
    expect(fromArchive).toBe(await helm.run(['template', 'a', chart, ...flags]));
  });
});
