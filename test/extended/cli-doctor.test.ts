/** `kubectl accesskey doctor` with a real operator: each test breaks something, and repairs it. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { freePorts } from '../../tools/control-plane/ports.ts';
import { renderManifests } from '../../tools/install.ts';
import type { OperatorProcess, StartOptions } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startCli } from '../support/cli-process.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, getToken } from '../support/platform.ts';
import { shiftedClock } from '../support/shifted-clock.ts';

const base = join(import.meta.dirname, '../../manifests/base');
const crd = 'accesskeys.ghippo.io';

let cluster: TestCluster;
let operator: OperatorProcess;
let startOperator: () => Promise<OperatorProcess>;

beforeAll(async () => {
  cluster = await startTestCluster();
  const [port] = await freePorts(1);
  const http = { address: '127.0.0.1', port, plain: true };
  // The issuer is the URL of the operator, so that discovery works.
  startOperator = () => cluster.startOperator({ http, token: { issuer: `http://127.0.0.1:${port}` } });
  operator = await startOperator();
  await createNamespace(cluster.kubectl, 'people');
  await cluster.kubectl.run(['create', 'rolebinding', 'alice', '-n', 'people', '--clusterrole=edit', '--user=alice']);
  const objects = await renderManifests(cluster.kubectl, base);
  await cluster.kubectl.apply(objects.filter(({ kind }) => kind === 'Deployment'));
});
afterAll(() => cluster?.stop());

/** Runs doctor as the administrator. @returns the exit code and the findings by the name of their check */
async function doctor(args: readonly string[] = [], options?: StartOptions) {
  const flags = ['--kubeconfig', cluster.controlPlane.kubeconfig, '-n', 'people', '-o', 'json'];
  const server = args.includes('--server') ? [] : ['--server', operator.url];
  return run([...flags, ...server, ...args], options);
}

async function run(args: readonly string[], options?: StartOptions) {
  const cli = await startCli(['doctor', ...args], options);
  const code = await cli.ended;
  const { findings } = JSON.parse(cli.output.join('\n')) as { findings: Finding[] };
  return { code, byCheck: Object.fromEntries(findings.map((finding) => [finding.check, finding])) };
}

const asAlice = ['--probe-as', 'alice'];

test('finds only that the Deployment has no pods here, and verifies a token', async () => {
  const pair = await createPair(cluster.kubectl, accessKeyManifest('people', 'alice'));
  const tokenFile = join(cluster.directory, 'token');
  await writeFile(tokenFile, await getToken(operator.url, pair));
  const { code, byCheck } = await doctor([...asAlice, '--token-file', tokenFile]);
  const statuses = Object.fromEntries(Object.entries(byCheck).map(([check, { status }]) => [check, status]));
  expect(statuses).toEqual({
    CRD: 'ok',
    'admission policies': 'ok',
    escalation: 'ok',
    'older AccessKeys': 'ok',
    operator: 'failed',
    version: 'ok',
    leader: 'ok',
    'signing keys': 'ok',
    issuer: 'ok',
    token: 'ok',
    'clock of operator': 'ok',
    'clock of API server': 'ok',
    'certificate of API server': 'ok',
    'certificate of operator': 'skipped',
    'operator permissions': 'ok',
    'your permissions': 'ok',
  });
  expect(byCheck.escalation?.message).toContain('denied by the policy accesskeys.ghippo.io');
  expect(byCheck['signing keys']?.message).toContain('of its Secret');
  // The operator runs outside of the cluster, which has no nodes; the end-to-end suite has the other case.
  expect(byCheck.operator?.message).toBe('0 of 1 replicas are available');
  expect(code).toBe(1);
});

test('explains that an administrator may name every user', async () => {
  const { byCheck } = await doctor();
  expect(byCheck.escalation).toMatchObject({
    status: 'skipped',
    message: 'you may impersonate every user and group, so the policies allow it',
    advice: expect.stringContaining('--probe-as USER'),
  });
});

test('works with the permissions of a user of one namespace', async () => {
  const { code, byCheck } = await doctor(['--as', 'alice']);
  expect(byCheck.CRD).toMatchObject({ status: 'skipped', message: 'you may not get customresourcedefinitions' });
  expect(byCheck['operator permissions']).toMatchObject({ status: 'skipped' });
  expect(byCheck.escalation).toMatchObject({ status: 'ok' });
  expect(byCheck['your permissions']).toMatchObject({ status: 'ok' });
  // A check that is skipped is no failure.
  expect(code).toBe(0);
});

test('reports a policy that is not bound, and users who can name anyone', async () => {
  const { kubectl } = cluster;
  await kubectl.run(['delete', 'validatingadmissionpolicybinding', crd]);
  // The API server needs a moment to notice it.
  const { code, byCheck } = await poll('an effect', async () => {
    const found = await doctor(asAlice);
    return found.byCheck.escalation?.status === 'failed' && found;
  });
  expect(byCheck['admission policies']).toMatchObject({
    status: 'failed',
    message: expect.stringContaining(`not bound in the whole cluster with the action Deny: ${crd}`),
  });
  expect(byCheck.escalation?.message).toMatch(/was accepted$/);
  expect(code).toBe(1);
  const objects = await renderManifests(kubectl, base);
  await kubectl.apply(objects.filter(({ kind }) => kind.includes('Binding')));
});

test('reports the fields that an older CRD does not have', async () => {
  const { kubectl } = cluster;
  const { apiVersion, kind, metadata, spec } = await kubectl.get<CrdObject>('crd', crd);
  const original = { apiVersion, kind, metadata: { name: metadata.name }, spec };
  const older = structuredClone(original);
  delete older.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.federated;
  await kubectl.run(['replace', '-f', '-'], JSON.stringify(older));
  const { byCheck } = await doctor();
  expect(byCheck.CRD).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('it has no spec.federated, and'),
    advice: 'Apply crds/accesskeys.ghippo.io.yaml of the version of the operator.',
  });
  await kubectl.run(['replace', '-f', '-'], JSON.stringify(original));
});

interface CrdObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    versions: [{ schema: { openAPIV3Schema: { properties: { spec: { properties: { federated?: object } } } } } }];
  };
}

test('reports a server with the keys of another operator', async () => {
  const keys = [{ kty: 'OKP', crv: 'Ed25519', kid: 'another', x: 'AA' }];
  const server = createServer(async ({ url }, response) => {
    if (url?.includes('jwks')) response.end(JSON.stringify({ keys }));
    else response.end(await (await fetch(`${operator.url}${url}`)).text());
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { byCheck } = await doctor(['--server', `http://127.0.0.1:${(server.address() as AddressInfo).port}`]);
  expect(byCheck['signing keys']).toMatchObject({ status: 'failed', message: expect.stringContaining('another') });
  expect(byCheck.issuer).toMatchObject({ status: 'failed', message: expect.stringContaining('different keys') });
});

test('reports missing permissions of the operator', async () => {
  const { kubectl } = cluster;
  const name = 'accesskey-operator-cluster';
  const binding = await kubectl.run(['get', 'clusterrolebinding', name, '-o', 'json']);
  await kubectl.run(['delete', 'clusterrolebinding', name]);
  const { byCheck } = await poll('an effect', async () => {
    const found = await doctor();
    return found.byCheck['operator permissions']?.status === 'failed' && found;
  });
  expect(byCheck['operator permissions']?.message).toContain('create tokenreviews.authentication.k8s.io');
  const { apiVersion, kind, roleRef, subjects } = JSON.parse(binding);
  await kubectl.apply({ apiVersion, kind, metadata: { name }, roleRef, subjects });
});

test('reports a clock that is wrong and certificates that have expired by it', async () => {
  const clock = shiftedClock(join(cluster.directory, 'clock'));
  clock.shift(200 * 365 * 86_400);
  const { byCheck } = await doctor([], clock.options);
  expect(byCheck['clock of API server']).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('behind'),
  });
  expect(byCheck['clock of operator']).toMatchObject({ status: 'failed' });
  expect(byCheck['certificate of API server']).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('expired at'),
  });
  expect(byCheck.leader).toMatchObject({ status: 'ok' });
});

describe('an operator that serves TLS', () => {
  let caFile: string;
  let url: string;
  let secure: OperatorProcess;
  const address = addressOfMachine();

  beforeAll(async () => {
    const [port] = await freePorts(1);
    url = `https://${address}:${port}`;
    const { certificate, key } = await makeCertificate('operator', undefined, [address]);
    const tls = { certificateFile: join(cluster.directory, 'tls.crt'), keyFile: join(cluster.directory, 'tls.key') };
    caFile = tls.certificateFile;
    await writeFile(tls.certificateFile, certificate);
    await writeFile(tls.keyFile, key);
    secure = await cluster.startOperator({ http: { address, port, tls }, token: { issuer: url } });
    await publish(address, port);
  });
  afterAll(() => secure?.stop());

  /** Makes the API server forward requests for the Service to the operator, as for one in a pod. */
  async function publish(ip: string, port: number | undefined): Promise<void> {
    const metadata = { namespace: 'accesskey-system', name: 'accesskey-operator' };
    const ports = [{ name: 'https', port: 443, targetPort: port, appProtocol: 'https' }];
    const { kubectl } = cluster;
    await kubectl.run(['delete', 'service', metadata.name, '-n', metadata.namespace]);
    await kubectl.apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } });
    await kubectl.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec });
    const status = { podIP: ip, podIPs: [{ ip }] };
    const pod = ['pod', metadata.name, '-n', metadata.namespace];
    await kubectl.run(['patch', ...pod, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]);
    // The API server only forwards to addresses of pods.
    const subsets = [
      { addresses: [{ ip, targetRef: { kind: 'Pod', ...metadata } }], ports: [{ name: 'https', port }] },
    ];
    await kubectl.apply({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets });
  }

  /** Never runs, because the cluster has no nodes; complies with the Pod Security Standard restricted. */
  const podSpec = {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'operator',
        image: 'operator',
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  };

  test('is checked at its URL with its certificate authority', async () => {
    const { byCheck } = await doctor(['--server', url, '--ca-file', caFile]);
    expect(byCheck['signing keys']).toMatchObject({ status: 'ok', message: expect.stringContaining('of its Secret') });
    expect(byCheck.issuer).toMatchObject({ status: 'ok', message: `${url} publishes the keys of the operator` });
    expect(byCheck['clock of operator']).toMatchObject({ status: 'ok' });
    expect(byCheck['certificate of operator']).toMatchObject({
      // The certificates of tests are valid for two days.
      status: 'warning',
      message: expect.stringContaining(`${url}: expires at `),
    });
  });

  test('is not trusted without it, and the finding says so', async () => {
    const { code, byCheck } = await doctor(['--server', url]);
    expect(code).toBe(1);
    expect(byCheck['signing keys']).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('its certificate is self-signed'),
      advice: expect.stringContaining('--ca-file'),
    });
    expect(byCheck['certificate of operator']).toMatchObject({ status: 'warning' });
  });

  test('is checked through the API server, which only users with get on services can do', async () => {
    const flags = ['--kubeconfig', cluster.controlPlane.kubeconfig, '-n', 'people', '-o', 'json', '--ca-file', caFile];
    const { byCheck } = await poll('the API server to know the endpoint', async () => {
      const found = await run(flags);
      return found.byCheck['signing keys']?.status === 'ok' && found;
    });
    expect(byCheck['signing keys']?.message).toContain('of its Secret');
    expect(byCheck.issuer).toMatchObject({ status: 'ok', message: `${url} publishes the keys of the operator` });
    expect(byCheck['clock of operator']).toMatchObject({ status: 'skipped', message: 'needs --server' });

    const ofUser = await run([...flags, '--as', 'alice']);
    expect(ofUser.byCheck['signing keys']).toMatchObject({
      status: 'skipped',
      message: 'you may not get services in the namespace accesskey-system',
    });
    expect(ofUser.code).toBe(0);
  });
});

/** The API server forwards requests to no loopback address. */
function addressOfMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  const found = all.find(({ internal, family }) => !internal && family === 'IPv4');
  if (!found) throw new Error('this test needs an IPv4 address other than loopback');
  return found.address;
}

test('reports an operator that is down', async () => {
  await operator.stop();
  const { code, byCheck } = await doctor();
  expect(byCheck.leader).toMatchObject({ status: 'failed', message: 'no replica leads' });
  expect(byCheck['signing keys']).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('connection refused'),
  });
  expect(code).toBe(1);
  operator = await startOperator();
});

test('an API server that cannot be reached is one line and exit code 1', async () => {
  const cli = await startCli(['doctor', '--kubeconfig', '/nowhere/config']);
  expect(await cli.ended).toBe(1);
  expect(cli.output).toHaveLength(1);
  expect(cli.output[0]).toContain('/nowhere/config');
});
