import { describe, expect, it } from 'vitest';
import { projectDeployment } from '../../../../src/deployments/kpanda/projection.ts';
import { maximalDeployment } from '../../../fixtures/maximal-deployment.ts';

type Deployment = Parameters<typeof projectDeployment>[0];

const project = (deployment: Deployment) => projectDeployment(deployment, 'local');
const maximal = project(maximalDeployment);
const pod = maximal.spec.template?.spec;
const container = pod?.containers[0];

describe('projectDeployment', () => {
  it('fills a minimal Deployment with zero values', () => {
    expect(project({ metadata: { name: 'a', namespace: 'b' } })).toEqual({
      metadata: {
        name: 'a',
        namespace: 'b',
        uid: '',
        resourceVersion: '',
        creationTimestamp: '0',
        deletionTimestamp: '0',
        labels: {},
        annotations: {},
        ownerReferences: [],
        cluster: 'local',
        workspaceAlias: '',
      },
      spec: { template: null, strategy: null, paused: false },
      status: { availableReplicas: 0, readyReplicas: 0, replicas: 0, state: 'Not_Ready', conditions: [] },
      revision: '0',
    });
  });

  it('converts times to Unix seconds', () => {
    const metadata = { creationTimestamp: '2024-05-06T07:08:09Z', deletionTimestamp: '2024-05-07T02:00:00+02:00' };
    expect(project({ metadata }).metadata).toMatchObject({
      creationTimestamp: '1714979289',
      deletionTimestamp: '1715040000',
    });
  });

  it.each([
    ['12', '12'],
    ['007', '7'],
    ['0', '0'],
    ['9223372036854775807', '9223372036854775807'],
    ['9999999999999999999', '9223372036854775807'],
    ['', '0'],
    ['-1', '0'],
    ['1.5', '0'],
    ['1e3', '0'],
    [' 1', '0'],
    ['latest', '0'],
    ['1'.repeat(100_000), '0'],
  ])('converts the revision %j to %s', (annotation, revision) => {
    const annotations = { 'deployment.kubernetes.io/revision': annotation };
    expect(project({ metadata: { annotations } }).revision).toBe(revision);
  });

  it('keeps all annotations, including the last applied configuration', () => {
    expect(maximal.metadata.annotations).toEqual(maximalDeployment.metadata?.annotations);
  });

  it('leaves the cluster of the pod template empty', () => {
    expect(maximal.spec.template?.metadata).toMatchObject({
      cluster: '',
      creationTimestamp: '0',
      labels: { app: 'web' },
    });
  });

  it('treats null as unset, as Go writes a zero time or a nil list', () => {
    const text = `{"metadata": null, "status": {"conditions": null}, "spec": {"template": {
      "metadata": {"creationTimestamp": null, "labels": null}, "spec": {"containers": null, "volumes": null}}}}`;
    const { spec, status, metadata } = project(JSON.parse(text));
    expect(metadata).toMatchObject({ name: '', creationTimestamp: '0' });
    expect(status.conditions).toEqual([]);
    expect(spec.template?.metadata).toMatchObject({ creationTimestamp: '0', labels: {} });
    expect(spec.template?.spec).toMatchObject({ containers: [], volumes: [], affinity: null });
  });

  it('converts maxSurge and maxUnavailable to strings', () => {
    expect(maximal.spec.strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: '25%', maxUnavailable: '1' },
    });
    const strategy = { rollingUpdate: { maxSurge: 0 } };
    expect(project({ spec: { ...bare, strategy } }).spec.strategy).toEqual({
      type: '',
      rollingUpdate: { maxSurge: '0', maxUnavailable: '' },
    });
  });

  it('leaves out fields that the kpanda API does not have', () => {
    const text = JSON.stringify(maximal);
    for (const word of ['managedFields', 'serviceAccountName', 'httpHeaders', 'nfs', 'runAsNonRoot', 'divisor']) {
      expect(text).not.toContain(word);
    }
  });
});

describe('volumes', () => {
  it.each([
    ['1536Mi', '1610612736'],
    ['1.5', '2'],
    ['9E', '9000000000000000000'],
    ['8Ei', '9223372036854775807'],
    ['much', '0'],
  ])('converts the size limit %s to %s bytes', (sizeLimit, bytes) => {
    const deployment = withPod({ volumes: [{ name: 'a', emptyDir: { sizeLimit } }] });
    expect(deployment?.volumes[0]?.emptyDir).toEqual({ medium: '', sizeLimit: bytes });
  });

  it('keeps only the name of a volume of another kind', () => {
    expect(pod?.volumes.find(({ name }) => name === 'other')).toEqual({
      name: 'other',
      hostPath: null,
      emptyDir: null,
      secret: null,
      persistentVolumeClaim: null,
      downwardAPI: null,
      configMap: null,
    });
  });
});

describe('containers', () => {
  it('converts resources to milli-CPU and bytes, and keeps the original quantities', () => {
    expect(container?.resources).toEqual({
      limits: {
        cpu: '1500',
        memory: '1073741824',
        storage: '2000000000',
        resources: { cpu: '1500m', memory: '1Gi', 'ephemeral-storage': '2G', 'nvidia.com/gpu': '1' },
      },
      requests: {
        cpu: '500',
        memory: '128974848',
        storage: '1000',
        resources: { cpu: '0.5', memory: '128974848', 'ephemeral-storage': '1e3' },
      },
    });
  });

  it('distinguishes an unset amount from zero, and treats an invalid quantity as unset', () => {
    const resources = { limits: { cpu: '0', memory: 'lots' } };
    expect(withPod({ containers: [{ name: 'a', resources }] })?.containers[0]?.resources).toEqual({
      limits: { cpu: '0', memory: '', storage: '', resources: { cpu: '0', memory: 'lots' } },
      requests: null,
    });
  });

  it('keeps literal values of environment variables, and only the names of their sources', () => {
    expect(container?.env[0]).toEqual({ name: 'MODE', value: 'production', valueFrom: null });
    expect(container?.env[4]).toEqual({
      name: 'PASSWORD',
      value: '',
      valueFrom: {
        fieldRef: null,
        resourceFieldRef: null,
        ConfigMapKeyRef: null,
        secretKeyRef: { name: 'web', key: 'password', optional: true },
      },
    });
  });

  it.each([
    [8080, 8080],
    ['9090', 9090],
    ['http', 80],
    ['other', 0],
    ['', 0],
  ])('resolves the TCP port %j to %d', (port, number) => {
    const ports = [{ containerPort: 5 }, { name: 'http', containerPort: 80 }];
    const probed = withPod({ containers: [{ name: 'a', ports, livenessProbe: { tcpSocket: { port } } }] });
    expect(probed?.containers[0]?.livenessProbe?.tcpSocket).toEqual({ port: number, host: '' });
  });

  it('keeps the name of an HTTP port, and converts a number to a string', () => {
    expect(container?.livenessProbe?.httpGet?.port).toBe('http');
    const probed = withPod({ containers: [{ name: 'a', livenessProbe: { httpGet: { port: 80 } } }] });
    expect(probed?.containers[0]?.livenessProbe?.httpGet?.port).toBe('80');
  });
});

describe('64-bit integers', () => {
  it.each([
    [300, '300'],
    [-1, '-1'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [9223372036854775807n, '9223372036854775807'],
  ])('converts %s seconds to %s', (tolerationSeconds, expected) => {
    const parsed: { tolerationSeconds: number } = JSON.parse(`{"tolerationSeconds": ${tolerationSeconds}}`);
    expect(withPod({ tolerations: [parsed] })?.tolerations[0]?.tolerationSeconds).toBe(expected);
  });
});

const bare = { selector: {}, template: {} };

type PodSpec = NonNullable<NonNullable<Deployment['spec']>['template']['spec']>;

/** Projects a Deployment with this pod spec, and returns the projected pod spec. */
function withPod(spec: Partial<PodSpec>) {
  const template = { spec: { containers: [], ...spec } };
  return project({ spec: { selector: {}, template } }).spec.template?.spec;
}
