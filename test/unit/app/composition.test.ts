/** What the configuration changes in the composed operator. Its API server cannot be reached. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { composeOperator } from '../../../src/app/composition.ts';
import { runOperator } from '../../../src/app/operator.ts';
import { parseConfiguration } from '../../../src/config/load.ts';
import { aborted } from '../../../src/kube/time.ts';

const directory = mkdtempSync(join(tmpdir(), 'composition-test-'));
afterAll(() => rmSync(directory, { recursive: true }));
const kubeconfig = join(directory, 'kubeconfig');
writeFileSync(
  kubeconfig,
  stringify({
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: { token: 'x' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  }),
);

const loopback = { address: '127.0.0.1', port: 0 };
const tls = { certificateFile: '/none.crt', keyFile: '/none.key' };
const program = { name: 'accesskey-operator', version: '0.0.0' };

function compose({ http = {}, ...settings }: { http?: object; [field: string]: unknown } = {}) {
  const document = {
    apiVersion: 'config.ghippo.io/v1alpha1',
    kind: 'OperatorConfiguration',
    health: loopback,
    http: { ...loopback, plain: true, shutdownDelaySeconds: 0, ...http },
    ...settings,
  };
  const configuration = parseConfiguration(stringify(document), 'test');
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const pluginHost = { environment: process.env, kill: process.kill };
  const components = composeOperator({ configuration, kubeconfig, pluginHost, program, certificate: undefined, log });
  return { components, configuration, log, lines };
}

describe('Strict-Transport-Security', () => {
  it.each([
    ['if the operator serves TLS', { http: { tls, plain: false } }, 'max-age=31536000'],
    ['if web.publicUrl is https', { web: { publicUrl: 'https://keys.example.org' } }, 'max-age=31536000'],
    ['if web.publicUrl is https in capitals', { web: { publicUrl: 'HTTPS://keys.example.org' } }, 'max-age=31536000'],
    ['not if web.publicUrl is http', { web: { publicUrl: 'http://keys.example.org' } }, null],
    ['not for plain HTTP', {}, null],
  ])('is set %s', async (_, settings, header) => {
    const { components } = compose(settings);
    for (const path of ['/login', '/openapi.json']) {
      const answer = await components.app.request(path, {}, {});
      expect([path, answer.headers.get('Strict-Transport-Security')]).toEqual([path, header]);
    }
    await components.transport.close();
  });
});

it('reports how fresh each watch is, including those of single objects in its own namespace', async () => {
  const oidc = { issuer: 'https://login.example.org', clientID: 'console', backChannelLogout: true };
  const { components } = compose({ clusterName: 'home', web: { publicUrl: 'https://keys.example.org', oidc } });
  const watching = (await components.metrics.exposition()).matchAll(/^accesskey_cache_watching\{(.+)\} 0$/gm);
  expect([...watching].map(([, labels]) => labels).sort()).toEqual([
    'cluster="home",cache="accesskeys",resource="accesskeys"',
    'cluster="home",cache="cluster-registration",resource="secrets"',
    'cluster="home",cache="deployments",resource="deployments"',
    'cluster="home",cache="guardrails",resource="configmaps"',
    'cluster="home",cache="namespaces",resource="namespaces"',
    'cluster="home",cache="rolebindings",resource="rolebindings"',
    'cluster="home",cache="secrets",resource="secrets"',
    'cluster="home",cache="session-key",resource="secrets"',
    'cluster="home",cache="sign-out",resource="secrets"',
    'cluster="home",cache="signing-key",resource="secrets"',
  ]);
  await components.transport.close();
});

it('reports the rotation period of the signing keys', async () => {
  const { components } = compose({ token: { signingKeys: { rotationDays: 90 } } });
  expect(await components.metrics.exposition()).toMatch(/^accesskey_signing_key_rotation_period_seconds 7776000$/m);
  await components.transport.close();
});

it.each([
  ['method', 200],
  ['off', 503],
])('http.forwardAuthPreflight: %s makes forward-auth answer a preflight request with %i', async (value, status) => {
  const { components } = compose({ http: { forwardAuthPreflight: value } });
  const headers = {
    Authorization: 'Bearer x',
    Origin: 'https://a.example',
    'Access-Control-Request-Method': 'PUT',
  };
  const answer = await components.app.request('/oauth2/auth', { method: 'OPTIONS', headers }, {});
  expect(answer.status).toBe(status);
  await components.transport.close();
});

it.each([
  [['10.0.0.0/8'], '192.0.2.1'],
  [[], '10.0.0.1'],
])('with http.trustedProxies: %j the log has the client address %s', async (trustedProxies, clientAddress) => {
  const { components, lines } = compose({ http: { trustedProxies } });
  const incoming = { socket: { remoteAddress: '10.0.0.1' } };
  await components.app.request('/', { headers: { 'X-Forwarded-For': '192.0.2.1' } }, { incoming });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ remoteAddress: '10.0.0.1', clientAddress }]);
  await components.transport.close();
});

describe('the log at startup', () => {
  it.each([
    ['ghippo.io', 1],
    ['https://keys.example.org', 0],
  ])('says for the issuer %s how to enable discovery: %i', async (issuer, count) => {
    const { components, configuration, log, lines } = compose({ token: { issuer } });
    await runOperator(components, { configuration, program, log, untilSignal: async () => undefined });
    const found = lines.filter((line) => line.includes('set token.issuer to the https URL of this server'));
    expect(found).toHaveLength(count);
    for (const line of found) expect(JSON.parse(line)).toMatchObject({ level: 30, issuer });
  });
});

it.each(['health', 'http'])('names the section %s if its address cannot be used', async (section) => {
  // TEST-NET-1, which no interface has.
  const { components, configuration, log } = compose({ [section]: { address: '192.0.2.1' } });
  const running = runOperator(components, { configuration, program, log, untilSignal: async () => undefined });
  await expect(running).rejects.toThrow(
    expect.objectContaining({
      message: `cannot listen on ${section}.address and ${section}.port`,
      cause: expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    }),
  );
  await components.transport.close();
});

it('writes the last uses after the last response, also while reconciliation has not stopped', async () => {
  const { components, configuration, log } = compose();
  const reconciliation = Promise.withResolvers<void>();
  const flushed = Promise.withResolvers<void>();
  const none = { run: async () => undefined, synced: Promise.resolve() };
  const operator = runOperator(
    {
      ...components,
      reflectors: [],
      requiredReflectors: [],
      registeredClusters: undefined,
      signingKeys: {
        ...components.signingKeys,
        ...none,
        cache: { ...components.signingKeys.cache, loaded: none.synced },
      },
      leadership: { run: () => reconciliation.promise, isLeader: () => true },
      lastUsed: {
        ...components.lastUsed,
        async run(signal) {
          await aborted(signal);
          flushed.resolve();
        },
      },
    },
    { configuration, program, log, untilSignal: () => expect.poll(components.readiness.isReady).toBe(true) },
  );
  await flushed.promise;
  reconciliation.resolve();
  await operator;
});
