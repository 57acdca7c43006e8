import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { KubeconfigError, loadKubeconfig, loadKubeconfigFiles } from '../../../src/kube/kubeconfig.ts';

const directory = mkdtempSync(join(tmpdir(), 'kubeconfig-test-'));
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

function write(name: string, content: string | object): string {
  const file = join(directory, name);
  writeFileSync(file, typeof content === 'string' ? content : stringify(content));
  return file;
}

function kubeconfig(change: object = {}, cluster: object = { server: 'https://127.0.0.1:6443' }) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token: 'secret-token' } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    ...change,
  };
}

describe('loadKubeconfig', () => {
  it('loads a file', () => {
    const loaded = loadKubeconfig(write('good', kubeconfig()));
    expect(loaded.getCurrentCluster()?.server).toBe('https://127.0.0.1:6443');
    expect(loaded.getCurrentUser()?.token).toBe('secret-token');
  });

  it.each(['http://127.0.0.1:8080', 'https://[::1]:6443', 'https://proxy.example.com/clusters/a'])(
    'accepts the server %s',
    (server) => {
      expect(loadKubeconfig(write('server', kubeconfig({}, { server }))).getCurrentCluster()?.server).toBe(server);
    },
  );

  it.each([
    ['empty', ''],
    ['not YAML', 'a: [secret-token'],
    ['a YAML list', '- secret-token'],
    ['without a current-context', kubeconfig({ 'current-context': undefined })],
    ['with an empty current-context', kubeconfig({ 'current-context': '' })],
    ['with an unknown current-context', kubeconfig({ 'current-context': 'elsewhere' })],
    [
      'with a context of an unknown cluster',
      kubeconfig({ contexts: [{ name: 'here', context: { cluster: 'missing', user: 'u' } }] }),
    ],
    ['with a cluster without a server', kubeconfig({}, {})],
    ['with a server that is not a URL', kubeconfig({}, { server: 'not a url' })],
    ['with a server without a host', kubeconfig({}, { server: 'https://:6443' })],
    ['with a server without a scheme', kubeconfig({}, { server: '127.0.0.1:6443' })],
    ['with a server of a host name without a scheme', kubeconfig({}, { server: 'localhost:6443' })],
    ['with a server of another scheme', kubeconfig({}, { server: 'ftp://127.0.0.1' })],
    ['with a password in its server', kubeconfig({}, { server: 'https://admin:secret-token@127.0.0.1' })],
    ['not YAML because of a token', 'users:\n- user:\n    token: *secret-token\n'],
    ['with a proxy', kubeconfig({}, { server: 'https://127.0.0.1', 'proxy-url': 'http://u:secret-token@127.0.0.1' })],
    [
      'with a certificate authority that cannot be read',
      kubeconfig({}, { server: 'https://127.0.0.1', 'certificate-authority': 'no-ca' }),
    ],
    [
      'with a client key that cannot be read',
      kubeconfig({ users: [{ name: 'u', user: { token: 'secret-token', 'client-key': '/no/key' } }] }),
    ],
  ])('rejects a file that is %s, with one line that names it and contains no secret', (_, content) => {
    const file = write('broken', content);
    expect(() => loadKubeconfig(file)).toThrow(KubeconfigError);
    expect(() => loadKubeconfig(file)).toThrow(new RegExp(`^kubeconfig ${file}: \\S[^\\n]*$`));
    expect(() => loadKubeconfig(file)).not.toThrow(/secret-token/);
  });

  it.each([
    ['proxy-url is not supported', { 'proxy-url': 'http://127.0.0.1:3128' }],
    ['certificate-authority: ENOENT', { 'certificate-authority': 'no-ca' }],
  ])('describes the problem: %s', (why, cluster) => {
    const file = write('named', kubeconfig({}, { server: 'https://127.0.0.1', ...cluster }));
    expect(() => loadKubeconfig(file)).toThrow(`kubeconfig ${file}: ${why}`);
  });

  it('accepts a certificate authority with a path relative to the file', () => {
    write('ca.crt', 'certificate');
    const file = write('with-ca', kubeconfig({}, { server: 'https://127.0.0.1', 'certificate-authority': 'ca.crt' }));
    expect(loadKubeconfig(file).getCurrentCluster()?.caFile).toBe(join(directory, 'ca.crt'));
  });

  it('rejects a missing file', () => {
    const file = join(directory, 'missing');
    expect(() => loadKubeconfig(file)).toThrow(KubeconfigError);
    expect(() => loadKubeconfig(file)).toThrow(/ENOENT/);
  });

  describe('the user of the current context', () => {
    const withUser = (user: object | undefined, server = 'https://127.0.0.1:6443') =>
      kubeconfig({ users: user === undefined ? [] : [{ name: 'u', user }] }, { server });
    const headersOf = async (file: string) => {
      const options: { headers: Record<string, string> } = { headers: {} };
      await loadKubeconfig(file).applyToHTTPSOptions(options);
      return options.headers;
    };

    it.each([
      ['beside the kubeconfig', 'token'],
      ['at an absolute path', join(directory, 'token')],
    ])('may have its token in a file %s, which takes precedence over token', async (_, tokenFile) => {
      write('token', 'first\n');
      const file = write('with-token-file', withUser({ tokenFile, token: 'secret-token' }));
      const loaded = loadKubeconfig(file);
      const authorization = async () => {
        const options = { headers: {} as Record<string, string> };
        await loaded.applyToHTTPSOptions(options);
        return options.headers.Authorization;
      };
      expect(await authorization()).toBe('Bearer first');
      write('token', 'second');
      expect(await authorization()).toBe('Bearer second');
    });

    it('may impersonate another user', async () => {
      const headers = await headersOf(write('as', withUser({ token: 'secret-token', as: 'ann' })));
      expect(headers).toEqual({ Authorization: 'Bearer secret-token', 'Impersonate-User': 'ann' });
    });

    it.each([
      ['has no credentials', {}, 'the user of the current context has no credentials'],
      ['has an empty token', { token: '' }, 'the user of the current context has no credentials'],
      ['does not exist', undefined, 'the user of the current context has no credentials'],
      ['has unknown fields only', { 'token-flie': 'x' }, 'the user of the current context has no credentials'],
      ['impersonates groups', { token: 'secret-token', 'as-groups': ['a'] }, 'as-groups is not supported'],
      ['impersonates a uid', { token: 'secret-token', 'as-uid': 'a' }, 'as-uid is not supported'],
      ['impersonates extra', { token: 'secret-token', 'as-user-extra': {} }, 'as-user-extra is not supported'],
      ['has an unknown plug-in', { 'auth-provider': { name: 'x' } }, 'auth-provider is not supported, use exec'],
      ['has no key', { 'client-certificate-data': 'eA==' }, 'client-certificate and client-key must be set together'],
      ['has a missing token file', { tokenFile: 'no-token' }, /tokenFile: ENOENT/],
      ['has an empty token file', { tokenFile: 'empty-token' }, 'tokenFile does not contain a token'],
    ])('is rejected if it %s', (_, user, problem) => {
      write('empty-token', '\n');
      const file = write('rejected', withUser(user));
      expect(() => loadKubeconfig(file)).toThrow(problem);
      expect(() => loadKubeconfig(file)).toThrow(/^kubeconfig [^\n]*$/);
      expect(() => loadKubeconfig(file)).not.toThrow(/secret-token/);
    });

    const pem = { 'client-certificate-data': 'eA==', 'client-key-data': 'eA==' };
    it.each([
      ['a client certificate', pem],
      ['a user name and password', { username: 'ann', password: 'secret-token' }],
      ['a program', { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'login' } }],
      ['a plug-in', { 'auth-provider': { name: 'oidc', config: {} } }],
    ])('may have %s', (_, user) => {
      const file = write('accepted', withUser(user));
      expect(loadKubeconfig(file).getCurrentUser()?.name).toBe('u');
    });

    it('needs credentials for a server whose scheme is in capitals', () => {
      const file = write('capitals', withUser({}, 'HTTPS://127.0.0.1:6443'));
      expect(() => loadKubeconfig(file)).toThrow('the user of the current context has no credentials');
    });

    it('needs no credentials for a server without TLS', () => {
      const file = write('proxy', withUser({}, 'http://127.0.0.1:8001'));
      expect(loadKubeconfig(file).getCurrentCluster()?.server).toBe('http://127.0.0.1:8001');
    });
  });

  it('uses the in-cluster configuration without a file', () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443');
    expect(loadKubeconfig().getCurrentCluster()?.server).toBe('https://10.0.0.1:443');
  });
});

describe('loadKubeconfigFiles', () => {
  const second = {
    clusters: [
      { name: 'c', cluster: { server: 'https://ignored.example.com' } },
      { name: 'd', cluster: { server: 'https://d.example.com' } },
    ],
    users: [{ name: 'v', user: { token: 'b' } }],
    contexts: [{ name: 'there', context: { cluster: 'd', user: 'v', namespace: 'shop' } }],
    'current-context': 'there',
  };
  const files = () => [write('first', kubeconfig()), write('empty', ''), write('second', kubeconfig(second))];

  it('uses the first of several entries with one name', () => {
    const loaded = loadKubeconfigFiles(files());
    expect(loaded.getCurrentContext()).toBe('here');
    expect(loaded.getCurrentCluster()?.server).toBe('https://127.0.0.1:6443');
  });

  it('uses another context', () => {
    const loaded = loadKubeconfigFiles(files(), { context: 'there' });
    expect(loaded.getCurrentCluster()?.server).toBe('https://d.example.com');
    expect(loaded.getCurrentUser()?.token).toBe('b');
  });

  it('reads a tokenFile relative to the file that names it', async () => {
    write('token', 'from-file');
    const user = { users: [{ name: 'v', user: { tokenFile: 'token' } }] };
    const loaded = loadKubeconfigFiles(
      [write('first', kubeconfig()), write('second', kubeconfig({ ...second, ...user }))],
      { context: 'there' },
    );
    const options = { headers: {} };
    await loaded.applyToHTTPSOptions(options);
    expect(options.headers).toEqual({ Authorization: 'Bearer from-file' });
  });

  it('names the files and the context that does not exist', () => {
    const load = () => loadKubeconfigFiles([write('first', kubeconfig())], { context: 'elsewhere' });
    expect(load).toThrow(KubeconfigError);
    expect(load).toThrow(/first: context elsewhere does not exist$/);
  });
});
