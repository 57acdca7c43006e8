import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import type { TlsFiles } from '../../src/http/server/tls-pair.ts';
import { startOperator } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { type MountedSecret, makeCertificate, mountSecret } from '../support/certificates.ts';
import { configurationFile, startTestCluster, type TestCluster } from '../support/cluster.ts';
import { readMetrics } from '../support/metrics.ts';
import { bundledOperator } from '../support/operator-bundle.ts';
import { accessKeyManifest, createNamespace, createPair, getToken, tokenPath, tokenUrl } from '../support/platform.ts';

const program = bundledOperator().program ?? fileURLToPath(new URL('../../src/main.ts', import.meta.url));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'accesskey-start-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** Runs the operator until it exits. */
async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env.PATH } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** A kubeconfig for a server that does not exist. */
const kubeconfig = (server: string) =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { token: 'secret-token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });

describe('invalid configuration prints one line and exits with 2', () => {
  test.each([
    ['an unknown flag', ['--verbose'], /--verbose/],
    ['an argument', ['serve'], /serve/],
    ['no cluster', [], /no --kubeconfig/],
    ['no configuration', ['--kubeconfig', '/nowhere/config'], /no --config given: http: .*tls.*plain/],
    ['a configuration that is not there', ['--kubeconfig', 'k', '--config', '/nowhere/c.yaml'], /c\.yaml: ENOENT/],
  ])('%s', async (_what, args, message) => {
    expectOneLine(await run(...args), message);
  });

  /** Runs the operator with a valid configuration. */
  const runWith = async (...args: string[]) => run('--config', await file('good.yaml', configurationFile({})), ...args);

  test('a kubeconfig that does not exist', async () => {
    expectOneLine(await runWith('--kubeconfig', '/nowhere/config'), /kubeconfig \/nowhere\/config: ENOENT/);
  });

  test.each([
    ['a kubeconfig that is no YAML', 'a: [', /kubeconfig .*broken/],
    ['an empty kubeconfig', '', /kubeconfig .*broken/],
    ['a kubeconfig without a context', 'apiVersion: v1\nkind: Config\n', /current-context/],
    ['a kubeconfig whose context is not there', 'apiVersion: v1\nkind: Config\ncurrent-context: x\n', /context x/],
    ['a kubeconfig whose server is no URL', kubeconfig('not a url'), /server is not a URL/],
  ])('%s', async (_what, content, message) => {
    expectOneLine(await runWith('--kubeconfig', await file('broken', content)), message);
  });

  test.each([
    ['an unknown field', 'token: {lifespan: 3}', /token\.lifespan: unknown field/],
    ['a value out of range', 'token: {maxCycle: 0}', /token\.maxCycle: /],
    ['a number instead of a duration', 'token: {lifetime: 3}', /token\.lifetime: must be a duration/],
    ['a value of another type', 'http: {port: "8080"}', /http\.port: /],
    ['neither TLS nor plain HTTP', 'http: {}', /config\.yaml: http: .*tls.*plain/],
    ['a default beyond the maximum', 'token: {defaultCycle: 9, maxCycle: 3}', /token\.defaultCycle: /],
    ['another kind', 'kind: Deployment', /kind: /],
    ['broken YAML', 'http: [', /config\.yaml: /],
  ])('a configuration with %s', async (_what, content, message) => {
    const kind = /^kind:/.test(content) ? '' : 'kind: OperatorConfiguration\n';
    const http = /^http:/.test(content) ? '' : 'http: {plain: true}\n';
    const config = await file('config.yaml', `apiVersion: config.ghippo.io/v1alpha1\n${kind}${http}${content}\n`);
    const cluster = await file('kubeconfig', kubeconfig('https://127.0.0.1:1'));
    expectOneLine(await run('--kubeconfig', cluster, '--config', config), message);
  });

  function expectOneLine({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>, message: RegExp): void {
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('secret-token');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  }
});

describe('TLS', () => {
  let mounted: MountedSecret;
  beforeAll(async () => {
    mounted = await mountSecret(await makeCertificate('first'));
  });
  afterAll(() => mounted?.remove());

  /** Flags for an operator whose API server does not exist. */
  async function flags({ certificateFile, keyFile }: TlsFiles): Promise<string[]> {
    const http = { address: '127.0.0.1', port: 0, tls: { certificateFile, keyFile } };
    const config = await file('tls.yaml', configurationFile({ http }));
    return ['--config', config, '--kubeconfig', await file('tls-cluster', kubeconfig('https://127.0.0.1:1'))];
  }

  test('a key that does not match the certificate prints one line with the file and exits with 2', async () => {
    const { key } = await makeCertificate('other');
    const other = { ...mounted, keyFile: await file('other.key', key) };
    const { code, stdout, stderr } = await run(...(await flags(other)));
    expect(stderr).toBe(
      `accesskey-operator: ${other.keyFile}: not the key of the first certificate in ${mounted.certificateFile}\n`,
    );
    expect([code, stdout]).toEqual([2, '']);
  });

  test('a replaced certificate is loaded while the operator serves, and a metric has its expiry', async () => {
    const operator = await startOperator(await flags(mounted));
    const port = Number(new URL(operator.url).port);
    expect(operator.url).toBe(`https://127.0.0.1:${port}`);
    expect(await subjectOf(port)).toBe('first');
    const text = await readMetrics(operator);
    const [, expiry] = /^accesskey_tls_certificate_expiry_seconds (\d+)$/m.exec(text) ?? [];
    expect(Number(expiry) * 1000).toBeGreaterThan(Date.now());
    await mounted.swap(await makeCertificate('second'));
    await poll('the second certificate', async () => (await subjectOf(port)) === 'second');
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    expect(await subjectOf(port)).toBe('second');
    expect(await operator.stop()).toBe(0);
  });

  async function subjectOf(port: number): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  }
});

test('--help prints the usage and --version the version; both exit with 0', async () => {
  expect(await run('--help')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('--kubeconfig FILE'),
    stderr: '',
  });
  expect(await run('--version')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('a port that is in use prints one line that names the section and exits with 1', async () => {
  const taken = await startOperator([
    '--kubeconfig',
    await file('k', kubeconfig('https://127.0.0.1:1')),
    '--config',
    await file('free.yaml', configurationFile({})),
  ]);
  const http = { address: '127.0.0.1', port: Number(new URL(taken.url).port), plain: true };
  const config = await file('taken.yaml', configurationFile({ http }));
  const { code, stderr } = await run('--kubeconfig', join(directory, 'k'), '--config', config);
  expect(stderr).toMatch(/^accesskey-operator: cannot listen on http\.address and http\.port: .*EADDRINUSE.*\n$/);
  expect(code).toBe(1);
  expect(await taken.stop()).toBe(0);
});

test.each([
  ['ghippo.io', true],
  ['https://keys.example.org', false],
])('the log points to token.issuer if there is no discovery: issuer %s, %s', async (issuer, isLogged) => {
  const cluster = await file('discovery-cluster', kubeconfig('https://127.0.0.1:1'));
  const config = await file('discovery.yaml', configurationFile({ token: { issuer } }));
  const operator = await startOperator(['--kubeconfig', cluster, '--config', config]);
  await poll('the first attempt', async () => operator.output.some((line) => line.includes('ECONNREFUSED')));
  expect(await operator.stop()).toBe(0);
  const message = 'discovery documents are not served: set token.issuer to the https URL of this server';
  expect(operator.output.some((line) => line.includes(`"msg":"${message}"`))).toBe(isLogged);
});

describe('an API server that cannot be reached at startup', () => {
  test('is retried and named in the log, and the operator does not become ready', async () => {
    const path = await file('unreachable', kubeconfig('https://127.0.0.1:1'));
    const operator = await startOperator([
      '--kubeconfig',
      path,
      '--config',
      await file('c.yaml', configurationFile({})),
    ]);
    const failures = () =>
      operator.output.filter((line) => line.includes('no valid response from the API server https://127.0.0.1:1'));
    await poll('the second attempt', async () => failures().length > 8);
    expect(failures()[0]).toContain('ECONNREFUSED');
    expect(failures()[0]).toMatch(/retrying/);
    expect((await fetch(`${operator.healthUrl}/healthz`)).status).toBe(200);
    const readyz = await fetch(`${operator.healthUrl}/readyz`);
    expect(readyz.status).toBe(503);
    expect(await readyz.text()).toBe('not ready: caches, signing keys\n');
    const pair = { ak: '11111111-1111-4111-8111-111111111111', sk: '22222222-2222-4222-8222-222222222222' };
    const answer = await fetch(tokenUrl(operator.url, pair));
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 14 });
    expect(operator.output.join('\n')).not.toContain('secret-token');
    expect(await operator.stop()).toBe(0);
  });
});

describe('on a real control plane', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
    await createNamespace(cluster.kubectl, 'people');
  });
  afterAll(() => cluster?.stop());

  test('the operator waits for the CRD', async () => {
    const crd = ['crd', 'accesskeys.ghippo.io'];
    const definition = await cluster.kubectl.run(['get', ...crd, '-o', 'json']);
    const { apiVersion, kind, metadata, spec } = JSON.parse(definition);
    await cluster.kubectl.run(['delete', ...crd]);
    const starting = cluster.startOperator();
    await poll('the log line', async () => cluster.operatorOutput().some((line) => /accesskeys: 404/.test(line)));
    await cluster.kubectl.apply({ apiVersion, kind, metadata: { name: metadata.name }, spec });
    await cluster.kubectl.run(['wait', '--for=condition=Established', ...crd]);
    const operator = await starting;
    await getToken(operator.url, await createPair(cluster.kubectl, accessKeyManifest('people', 'early')));
    expect(await operator.stop()).toBe(0);
  });

  test('the operator answers a request in flight on SIGTERM, accepts no new ones and exits with 0', async () => {
    const operator = await cluster.startOperator();
    const pair = await createPair(cluster.kubectl, accessKeyManifest('people', 'drained'));
    await getToken(operator.url, pair);
    const body = JSON.stringify(pair);
    const { port } = new URL(operator.url);
    const client = createConnection(Number(port), '127.0.0.1').setEncoding('utf8');
    onTestFinished(() => void client.destroy());
    let received = '';
    client.on('data', (text: string) => (received += text)).on('error', () => undefined);
    const head = [
      'Host: a',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Expect: 100-continue',
    ];
    client.write([`POST ${tokenPath} HTTP/1.1`, ...head, '\r\n'].join('\r\n'));
    await poll('the start of the request', async () => received.startsWith('HTTP/1.1 100 Continue'));
    const code = operator.stop('SIGTERM');
    const isRefused = (error: Error) => (error.cause as { code?: string } | undefined)?.code === 'ECONNREFUSED';
    await poll('the end of new connections', () => fetch(operator.url).then(() => false, isRefused));
    client.write(body);
    await poll('the end of the connection', async () => client.closed);
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r$/m);
    expect(received).toMatch(/^connection: close\r$/im);
    expect(await code).toBe(0);
    expect(operator.output.at(-1)).toContain('"msg":"stopped"');
  });
});
