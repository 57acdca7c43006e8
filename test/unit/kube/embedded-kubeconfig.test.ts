import { beforeAll, describe, expect, it } from 'vitest';
import { maxKubeconfigBytes, parseEmbeddedKubeconfig } from '../../../src/kube/embedded-kubeconfig.ts';
import { KubeconfigError } from '../../../src/kube/kubeconfig.ts';
import { type CertificatePair, makeCertificate } from '../../support/certificates.ts';
import { kubeconfigText } from '../clusters/support.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

let pair: CertificatePair;
beforeAll(async () => {
  pair = await makeCertificate('west');
});

function rejection(text: string): string {
  try {
    parseEmbeddedKubeconfig(text);
  } catch (error) {
    expect(error).toBeInstanceOf(KubeconfigError);
    const { message } = error as KubeconfigError;
    // Neither a value nor a second line, whatever was wrong.
    expect(message).not.toMatch(/secret-|\n/);
    return message;
  }
  throw new Error('it was accepted');
}

describe('a kubeconfig that is accepted', () => {
  it('has a server and a token', () => {
    const loaded = parseEmbeddedKubeconfig(
      kubeconfigText({ cluster: { server: 'https://proxy.example/clusters/a/' } }),
    );
    expect(loaded.getCurrentCluster()).toMatchObject({
      server: 'https://proxy.example/clusters/a',
      skipTLSVerify: false,
    });
    expect(loaded.getCurrentUser()?.token).toBe('secret-token');
  });

  it('has a client certificate, an authority and a name to verify', () => {
    const ca = base64(pair.certificate);
    const loaded = parseEmbeddedKubeconfig(
      kubeconfigText({
        cluster: { 'certificate-authority-data': ca, 'tls-server-name': 'west.example', 'disable-compression': true },
        user: { token: undefined, 'client-certificate-data': ca, 'client-key-data': base64(pair.key) },
      }),
    );
    expect(loaded.getCurrentCluster()).toMatchObject({ caData: ca, tlsServerName: 'west.example' });
    expect(loaded.getCurrentUser()).toMatchObject({ certData: ca, keyData: base64(pair.key) });
  });

  it('may have extensions, preferences and unused contexts', () => {
    const clusters = [
      { name: 'c', cluster: { server: 'https://west.example', extensions: [{ name: 'hint', extension: {} }] } },
      { name: 'other', cluster: { server: 'http://other', 'proxy-url': 'http://other' } },
    ];
    const users = [
      { name: 'u', user: { token: 'secret-token' } },
      { name: 'other', user: { exec: { command: 'sh' } } },
    ];
    const contexts = [
      { name: 'here', context: { cluster: 'c', user: 'u', namespace: 'default' } },
      { name: 'other', context: { cluster: 'other', user: 'other' } },
    ];
    const loaded = parseEmbeddedKubeconfig(
      kubeconfigText({ document: { clusters, users, contexts, preferences: {} } }),
    );
    // Nothing else is kept, so that it cannot be used by mistake.
    expect([loaded.getClusters().length, loaded.getUsers().length, loaded.getContexts().length]).toEqual([1, 1, 1]);
  });
});

describe('a kubeconfig that would do more than connect is rejected', () => {
  it.each<[string, object]>([
    ['exec', { command: 'sh', args: ['-c', 'echo secret-1'], apiVersion: 'client.authentication.k8s.io/v1' }],
    ['auth-provider', { name: 'gcp', config: { 'cmd-path': '/bin/sh' } }],
    ['auth-provider', { name: 'tokenFile', config: { tokenFile: '/var/run/secrets/token' } }],
  ])('user.%s, which runs a program', (field, value) => {
    expect(rejection(kubeconfigText({ user: { [field]: value } }))).toMatch(
      `user.${field}: is not allowed: it would run`,
    );
  });

  it.each(['tokenFile', 'token-file', 'client-certificate', 'client-key'])('user.%s, which reads a file', (field) => {
    const text = kubeconfigText({ user: { [field]: '/var/run/secrets/kubernetes.io/serviceaccount/token' } });
    expect(rejection(text)).toMatch(`user.${field}: is not allowed: it would read a file`);
  });

  it.each(['as', 'as-uid', 'as-groups', 'as-user-extra'])('user.%s, which impersonates a user', (field) => {
    expect(rejection(kubeconfigText({ user: { [field]: 'secret-user' } }))).toMatch(`user.${field}: is not allowed`);
  });

  it.each(['username', 'password'])('user.%s, which is for basic authentication', (field) => {
    expect(rejection(kubeconfigText({ user: { [field]: 'secret-1' } }))).toMatch(`user.${field}: is not allowed`);
  });

  it.each<[string, unknown]>([
    ['certificate-authority', '/etc/ssl/ca.crt'],
    ['proxy-url', 'http://secret-user:secret-1@proxy.example'],
    ['insecure-skip-tls-verify', true],
    ['insecure-skip-tls-verify', 'false'],
  ])('cluster.%s with the value %j', (field, value) => {
    expect(rejection(kubeconfigText({ cluster: { [field]: value } }))).toMatch(`cluster.${field}: is not allowed`);
  });

  it.each(['user', 'cluster'] as const)('an unknown field of the %s, without repeating it', (part) => {
    const text = kubeconfigText({ [part]: { 'secret-1': true } });
    expect(rejection(text)).toBe(`${part}: has a field that is not allowed here`);
  });
});

describe('an invalid kubeconfig is rejected', () => {
  it.each([
    ['http://west.example', 'must be an https URL'],
    ['file:///etc/passwd', 'must be an https URL'],
    ['west.example:6443', 'must be an https URL'],
    ['not a url', 'must be a URL'],
    ['https://secret-user:secret-1@west.example', 'must not contain a user name or a password'],
    ['https://west.example/?a=secret-1', 'must not contain a query or a fragment'],
    ['https://west.example/#secret-1', 'must not contain a query or a fragment'],
    [`https://west.example${'/'.repeat(2_048)}`, 'must not be longer than 2048 characters'],
    [7, 'must be a URL'],
  ])('cluster.server: %s', (server, rule) => {
    expect(rejection(kubeconfigText({ cluster: { server } }))).toBe(`cluster.server: ${rule}`);
  });

  it.each(['secret-1\nHost: elsewhere', 'secret- 1', 'secret-\u00e9', ''])('user.token: %j', (token) => {
    expect(rejection(kubeconfigText({ user: { token } }))).toBe('user.token: must be printable ASCII without spaces');
  });

  it('a user without a token and a certificate', () => {
    expect(rejection(kubeconfigText({ user: { token: undefined } }))).toMatch(/^user: must have a token/);
  });

  it('a user with a key but no certificate', () => {
    const user = { token: undefined, 'client-key-data': base64(pair.key) };
    expect(rejection(kubeconfigText({ user }))).toMatch(
      /^user: client-certificate-data and client-key-data must be set together/,
    );
  });

  it('a user whose key does not match the certificate', async () => {
    const other = await makeCertificate('other');
    const user = { 'client-certificate-data': base64(pair.certificate), 'client-key-data': base64(other.key) };
    expect(rejection(kubeconfigText({ user }))).toMatch(
      /^user.client-certificate-data, user.client-key-data: must be base64 of a PEM certificate and its key/,
    );
  });

  it.each([
    ['secret-1!', 'must be base64'],
    [base64('secret-1'), 'must be base64 of PEM certificates'],
  ])('cluster.certificate-authority-data: %s', (data, rule) => {
    const cluster = { 'certificate-authority-data': data };
    expect(rejection(kubeconfigText({ cluster }))).toBe(`cluster.certificate-authority-data: ${rule}`);
  });

  const invalidDocuments: [string, string][] = [
    ['', 'the document: must be an object'],
    ['- secret-1', 'the document: must be an object'],
    ['a: [secret-1', 'is not YAML, see line 1'],
    ['users:\n- user:\n    token: *secret-1\n', 'is not YAML$'],
    ['a: 1\na: secret-1', 'is not YAML, see line 2'],
    ['['.repeat(30_000), 'is not YAML'],
    [kubeconfigText({ document: { 'current-context': undefined } }), 'current-context: must be a string'],
    [
      kubeconfigText({ document: { 'current-context': 'secret-1' } }),
      'contexts: no entry has the name in current-context',
    ],
    [kubeconfigText({ document: { clusters: [] } }), 'clusters: no entry has the name in the context'],
    [kubeconfigText({ document: { users: 'secret-1' } }), 'users: must be a list'],
    [kubeconfigText({ document: { users: ['secret-1'] } }), 'users.0: must be an object'],
    [
      kubeconfigText({ document: { users: [{ name: 'u' }, { name: 'u' }] } }),
      'users: more than one entry has the name in the context',
    ],
    [kubeconfigText({ document: { users: [{ name: 'u', user: 'secret-1' }] } }), 'user: must be an object'],
    [`#${'x'.repeat(maxKubeconfigBytes)}`, 'must not be larger than 64 KiB'],
  ];
  it.each(invalidDocuments.map(([text, message]) => [message, text]))(
    'a document with the error "%s"',
    (message, text) => {
      expect(rejection(text)).toMatch(new RegExp(`^${message}`));
    },
  );

  it('aliases that expand exponentially', () => {
    const lines = Array.from({ length: 20 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    expect(rejection(['a0: &a0 secret-1', ...lines].join('\n'))).toMatch(/^is not YAML|must be/);
  });
});
