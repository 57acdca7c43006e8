import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigurationError, instanceName, parseConfiguration, readCommand, usage } from '../../../src/config/load.ts';
import { checkTimings } from '../../../src/kube/lease-record.ts';

const head = { apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' };
/** As little as a configuration can say. */
const least = { ...head, http: { plain: true } };
const parse = (settings: object) => parseConfiguration(stringify({ ...least, ...settings }), 'c.yaml');

const defaults = {
  ...head,
  namespace: 'accesskey-system',
  clusters: { enabled: true },
  clusterName: 'kpanda-global-cluster',
  http: {
    address: '0.0.0.0',
    port: 8080,
    plain: true,
    shutdownDelaySeconds: 5,
    trustedProxies: [],
    forwardedHeader: 'X-Forwarded-For',
    forwardAuthPreflight: 'off',
    cors: { allowedOrigins: [] },
  },
  health: { address: '0.0.0.0', port: 8081 },
  token: {
    issuer: 'ghippo.io',
    defaultCycle: 3,
    maxCycle: 30,
    type: 'JWT',
    trustedIssuers: [],
    signingKeys: {
      secretName: 'accesskey-operator-signing-keys',
      algorithm: 'RS256',
      rotationDays: 30,
      publishAheadHours: 24,
    },
    failureThrottle: { burst: 10, refillSeconds: 3 },
  },
  access: { cacheSeconds: 10, maxStaleSeconds: 300, candidates: 'auto' },
  web: {
    enabled: true,
    tokenSignIn: true,
    keyPairSignIn: 'manage',
    sessionMinutes: 480,
    endWithBrowser: false,
    sessionSecretName: 'accesskey-operator-web-session',
    authenticatingProxy: { enabled: false },
  },
  warnings: { expiryDays: [30, 7, 1] },
  metrics: { perPair: false },
  lastUse: { clientAddress: true },
  leaderElection: {
    enabled: true,
    leaseName: 'accesskey-operator',
    leaseDurationSeconds: 15,
    renewDeadlineSeconds: 10,
    retryPeriodSeconds: 2,
  },
  log: { level: 'info' },
};

/** A configuration with single sign-on. */
function withOidc(fields: object): object {
  const oidc = { issuer: 'https://login.example.org', clientID: 'keys', ...fields };
  return { web: { publicUrl: 'https://keys.example.org', oidc } };
}

const directory = mkdtempSync(join(tmpdir(), 'config-test-'));
afterAll(() => rmSync(directory, { recursive: true }));

function write(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

/** @returns the one-line message of the ConfigurationError that the action throws */
function messageOf(action: () => unknown): string {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ConfigurationError);
  const { message } = thrown as Error;
  expect(message).toMatch(/^[^\n]+$/);
  return message;
}

/** Texts that `new URL` rejects. */
const notUrls = ['keys.example.org', '', 'https://', 'https://host:99999'];

const trusted = (change: object = {}) => ({ issuer: 'https://a', audiences: ['keys'], ...change });

describe('parseConfiguration', () => {
  it('adds defaults', () => {
    expect(parse({})).toStrictEqual(defaults);
  });

  it('adds defaults to a partial section', () => {
    const parsed = parse({ http: { port: 80, plain: true }, token: { maxCycle: 365, audience: 'kpanda' } });
    expect(parsed).toStrictEqual({
      ...defaults,
      http: { ...defaults.http, port: 80 },
      token: { ...defaults.token, maxCycle: 365, audience: 'kpanda' },
    });
  });

  it('accepts every field', () => {
    const all = {
      ...head,
      namespace: 'iam',
      clusterName: 'east-1.example.com',
      http: {
        address: '::1',
        port: 0,
        tls: { certificateFile: 'tls.crt', keyFile: '/k' },
        plain: false,
        shutdownDelaySeconds: 0,
        trustedProxies: ['10.0.0.0/8', 'fd00::/8'],
        forwardedHeader: 'Forwarded',
        forwardAuthPreflight: 'X-Forwarded-Method',
        cors: { allowedOrigins: ['https://console.example.org', 'http://localhost:3000', 'http://[::1]:3000'] },
      },
      health: { address: '127.0.0.1', port: 65_535 },
      token: {
        issuer: 'https://iam.example.com',
        audience: 'urn:x',
        defaultCycle: 30,
        maxCycle: 30,
        type: 'at+jwt',
        trustedIssuers: [
          { issuer: 'https://ci.example.org', caFile: '/ca.crt', audiences: ['keys'], algorithms: ['ES256'] },
        ],
        signingKeys: { secretName: 'keys', algorithm: 'Ed25519', rotationDays: 1, publishAheadHours: 24 },
        exchangeAudience: 'accesskey-operator',
        failureThrottle: { burst: 1, refillSeconds: 0.5 },
      },
      access: { cacheSeconds: 1, maxStaleSeconds: 86_400, candidates: 'all' },
      clusters: { enabled: false },
      web: {
        enabled: false,
        tokenSignIn: false,
        keyPairSignIn: 'view',
        oidc: {
          issuer: 'https://login.example.org/realms/a',
          clientID: 'keys',
          clientSecretFile: '/secret',
          caFile: '/ca.crt',
          scopes: ['openid', 'groups'],
          usernameClaim: 'email',
          usernamePrefix: '-',
          groupsClaim: 'groups',
          groupsPrefix: 'sso:',
          buttonLabel: 'Sign in with Dex',
          accessMode: 'self-service',
          selfService: { namespace: 'accesskey-self-service' },
          providerSignOut: false,
          backChannelLogout: true,
        },
        sessionMinutes: 15,
        idleMinutes: 15,
        endWithBrowser: true,
        sessionSecretName: 'other',
        publicUrl: 'https://keys.example.org',
        authenticatingProxy: { enabled: true, signOutUrl: '/oauth2/sign_out?rd=%2F' },
      },
      warnings: { expiryDays: [3650, 1] },
      metrics: { perPair: true },
      lastUse: { clientAddress: false },
      leaderElection: {
        enabled: false,
        leaseName: 'a-lease',
        leaseDurationSeconds: 60,
        renewDeadlineSeconds: 40,
        retryPeriodSeconds: 33,
      },
      log: { level: 'fatal' },
    };
    expect(parse(all)).toStrictEqual(all);
  });

  it.each([
    [{ colour: 'red' }, 'colour'],
    [{ token: { cycle: 3 } }, 'token.cycle'],
    [{ token: { signingKeySecret: 'keys' } }, 'token.signingKeySecret'],
    [{ http: { port: 80, tsl: {} } }, 'http.tsl'],
    [{ token: { failureThrottle: { rate: 1 } } }, 'token.failureThrottle.rate'],
    [{ Namespace: 'x' }, 'Namespace'],
    [{ access: { cacheSecond: 1 } }, 'access.cacheSecond'],
    [{ leaderElection: { leaseDuration: 15 } }, 'leaderElection.leaseDuration'],
  ])('names the unknown field of %j', (settings, path) => {
    expect(messageOf(() => parse(settings))).toBe(`c.yaml: ${path}: unknown field`);
  });

  it.each<[object, string]>([
    [{ apiVersion: 'v1' }, 'apiVersion'],
    [{ kind: 'Configuration' }, 'kind'],
    [{ namespace: 'Upper' }, 'namespace'],
    [{ namespace: '' }, 'namespace'],
    [{ clusterName: 'a b' }, 'clusterName'],
    [{ clusterName: null }, 'clusterName'],
    [{ http: 8080 }, 'http'],
    [{ http: null }, 'http'],
    [{ http: { port: -1 } }, 'http.port'],
    [{ http: { plain: 'yes' } }, 'http.plain'],
    [{ http: { tls: { certificateFile: 'c' } } }, 'http.tls.keyFile'],
    [{ http: { tls: { keyFile: 'k' } } }, 'http.tls.certificateFile'],
    [{ http: { tls: { certificateFile: '', keyFile: 'k' } } }, 'http.tls.certificateFile'],
    [{ http: { tls: true } }, 'http.tls'],
    [{ health: { plain: true } }, 'health.plain'],
    [{ http: { port: 65_536 } }, 'http.port'],
    [{ http: { port: '8080' } }, 'http.port'],
    [{ health: { port: 80.5 } }, 'health.port'],
    [{ health: { address: '' } }, 'health.address'],
    ...['foo', 'localhost', '999.1.1.1', '10.0.0.0/8', '[::1]', '1.2.3.4:80'].flatMap((address): [object, string][] => [
      [{ http: { plain: true, address } }, 'http.address'],
      [{ health: { address } }, 'health.address'],
    ]),
    [{ token: { issuer: '' } }, 'token.issuer'],
    [{ token: { issuer: 'two words' } }, 'token.issuer'],
    [{ token: { issuer: 'a"b' } }, 'token.issuer'],
    [{ token: { issuer: 'a\\b' } }, 'token.issuer'],
    [{ token: { issuer: 'a\nb' } }, 'token.issuer'],
    [{ token: { issuer: 'é' } }, 'token.issuer'],
    [{ token: { issuer: 'x'.repeat(2049) } }, 'token.issuer'],
    [{ token: { audience: '' } }, 'token.audience'],
    [{ token: { audience: ['a'] } }, 'token.audience'],
    [{ token: { defaultCycle: 0 } }, 'token.defaultCycle'],
    [{ token: { defaultCycle: 1.5 } }, 'token.defaultCycle'],
    [{ token: { maxCycle: 3651 } }, 'token.maxCycle'],
    [{ token: { maxCycle: '30' } }, 'token.maxCycle'],
    [{ token: { type: 'at+JWT', audience: 'a' } }, 'token.type'],
    [{ token: { type: 'at+jwt' } }, 'token.type'],
    [{ token: { signingKeys: { algorithm: 'ed25519' } } }, 'token.signingKeys.algorithm'],
    [{ token: { trustedIssuers: [{ issuer: 'https://a' }] } }, 'token.trustedIssuers.0.audiences'],
    [{ token: { trustedIssuers: [{ issuer: 'https://a', audiences: [] }] } }, 'token.trustedIssuers.0.audiences'],
    [{ token: { trustedIssuers: [trusted({ issuer: 'http://a' })] } }, 'token.trustedIssuers.0.issuer'],
    [{ token: { trustedIssuers: [trusted({ issuer: 'https://a#b' })] } }, 'token.trustedIssuers.0.issuer'],
    [{ token: { trustedIssuers: [trusted({ issuer: 'https://u:p@a' })] } }, 'token.trustedIssuers.0.issuer'],
    [{ token: { trustedIssuers: [trusted({ algorithms: ['HS256'] })] } }, 'token.trustedIssuers.0.algorithms.0'],
    [{ token: { trustedIssuers: [trusted({ algorithms: ['none'] })] } }, 'token.trustedIssuers.0.algorithms.0'],
    [{ token: { trustedIssuers: [trusted({ namespaces: [] })] } }, 'token.trustedIssuers.0.namespaces'],
    [{ token: { trustedIssuers: [trusted({ namespaces: ['Shop'] })] } }, 'token.trustedIssuers.0.namespaces.0'],
    [{ token: { trustedIssuers: [trusted(), trusted()] } }, 'token.trustedIssuers'],
    [{ token: { issuer: 'https://a', trustedIssuers: [trusted()] } }, 'token.trustedIssuers'],
    [{ token: { lifetime: '9m59s' } }, 'token.lifetime'],
    [{ token: { lifetime: '' } }, 'token.lifetime'],
    [{ token: { lifetime: '1d' } }, 'token.lifetime'],
    [{ token: { lifetime: 3600 } }, 'token.lifetime'],
    [{ token: { lifetime: '721h' } }, 'token.lifetime'],
    [{ token: { signingKeys: { secretName: '-x' } } }, 'token.signingKeys.secretName'],
    [{ token: { signingKeys: { algorithm: 'HS256' } } }, 'token.signingKeys.algorithm'],
    [{ token: { signingKeys: { algorithm: 'none' } } }, 'token.signingKeys.algorithm'],
    [{ token: { signingKeys: { rotationDays: -1 } } }, 'token.signingKeys.rotationDays'],
    [{ token: { signingKeys: { rotationDays: 0.5 } } }, 'token.signingKeys.rotationDays'],
    [{ token: { signingKeys: { publishAheadHours: 0 } } }, 'token.signingKeys.publishAheadHours'],
    [{ token: { exchangeAudience: 'two words' } }, 'token.exchangeAudience'],
    [{ token: { failureThrottle: { burst: 0 } } }, 'token.failureThrottle.burst'],
    [{ token: { failureThrottle: { refillSeconds: 0 } } }, 'token.failureThrottle.refillSeconds'],
    [{ http: { trustedProxies: '10.0.0.0/8' } }, 'http.trustedProxies'],
    [{ http: { trustedProxies: ['10.0.0.1'] } }, 'http.trustedProxies.0'],
    [{ http: { trustedProxies: ['::/0', 'all'] } }, 'http.trustedProxies.1'],
    [{ http: { forwardedHeader: 'X-Real-IP' } }, 'http.forwardedHeader'],
    [{ access: { cacheSeconds: 0 } }, 'access.cacheSeconds'],
    [{ access: { cacheSeconds: 3601 } }, 'access.cacheSeconds'],
    [{ access: { candidates: 'some' } }, 'access.candidates'],
    [{ web: { keyPairSignIn: 'yes' } }, 'web.keyPairSignIn'],
    [{ web: { sessionMinutes: 481 } }, 'web.sessionMinutes'],
    [{ web: { idleMinutes: 0 } }, 'web.idleMinutes'],
    [{ web: { sessionMinutes: 30, idleMinutes: 31 } }, 'web.idleMinutes'],
    [{ web: { endWithBrowser: 'yes' } }, 'web.endWithBrowser'],
    [{ web: { tokenSignIn: false, keyPairSignIn: 'off' } }, 'web.tokenSignIn'],
    [{ web: { oidc: { issuer: 'https://a.example.org', clientID: 'a' } } }, 'web.publicUrl'],
    [withOidc({ issuer: 'http://login.example.org' }), 'web.oidc.issuer'],
    [withOidc({ issuer: 'https://login.example.org?a=b' }), 'web.oidc.issuer'],
    [withOidc({ issuer: 'https://a:b@login.example.org' }), 'web.oidc.issuer'],
    [withOidc({ clientID: '' }), 'web.oidc.clientID'],
    [withOidc({ scopes: ['email'] }), 'web.oidc.scopes'],
    [withOidc({ scopes: ['openid', 'a b'] }), 'web.oidc.scopes.1'],
    [withOidc({ usernamePrefix: '' }), 'web.oidc.usernamePrefix'],
    [withOidc({ groupsClaim: 'a\nb' }), 'web.oidc.groupsClaim'],
    [withOidc({ clientSecret: 'x' }), 'web.oidc.clientSecret'],
    [withOidc({ accessMode: 'self-service' }), 'web.oidc.selfService'],
    [withOidc({ selfService: { namespace: 'a' } }), 'web.oidc.selfService'],
    [withOidc({ accessMode: 'self-service', selfService: { namespace: 'A' } }), 'web.oidc.selfService.namespace'],
    [
      withOidc({ accessMode: 'self-service', selfService: { namespace: 'accesskey-system' } }),
      'web.oidc.selfService.namespace',
    ],
    [
      { ...withOidc({ accessMode: 'self-service', selfService: { namespace: 'a' } }), watchNamespace: 'b' },
      'web.oidc.selfService.namespace',
    ],
    [{ namespace: 'my.ns' }, 'namespace'],
    [{ watchNamespace: 'accesskey-system' }, 'watchNamespace'],
    [{ namespace: 'a', watchNamespace: 'a' }, 'watchNamespace'],
    [{ web: { sessionSecretName: 'accesskey-operator-signing-keys' } }, 'web.sessionSecretName'],
    [{ web: { sessionSecretName: 'accesskey-operator-web-sign-outs' } }, 'web.sessionSecretName'],
    [{ token: { signingKeys: { secretName: 'accesskey-operator-web-sign-outs' } } }, 'token.signingKeys.secretName'],
    [{ http: { plain: true, port: 8081 } }, 'health.port'],
    [{ health: { port: 8080, address: '127.0.0.1' } }, 'health.port'],
    [{ web: { publicUrl: 'ftp://keys.example.org' } }, 'web.publicUrl'],
    ...notUrls.map((publicUrl): [object, string] => [{ web: { publicUrl } }, 'web.publicUrl']),
    ...notUrls.map((issuer): [object, string] => [withOidc({ issuer }), 'web.oidc.issuer']),
    [{ web: { publicUrl: 'https://keys.example.org/keys' } }, 'web.publicUrl'],
    [{ web: { publicUrl: 'https://keys.example.org/?a=b' } }, 'web.publicUrl'],
    [{ web: { publicUrl: 'https://keys.example.org/#a' } }, 'web.publicUrl'],
    [{ web: { publicUrl: 'https://a:b@keys.example.org' } }, 'web.publicUrl'],
    [{ web: { authenticatingProxy: true } }, 'web.authenticatingProxy'],
    [{ web: { authenticatingProxy: { enabled: true } } }, 'http.trustedProxies'],
    [{ web: { authenticatingProxy: { signOutUrl: 'javascript:alert(1)' } } }, 'web.authenticatingProxy.signOutUrl'],
    [{ web: { authenticatingProxy: { signOutUrl: '//evil.example' } } }, 'web.authenticatingProxy.signOutUrl'],
    [{ web: { authenticatingProxy: { signOutUrl: '/\\evil.example' } } }, 'web.authenticatingProxy.signOutUrl'],
    [{ web: { authenticatingProxy: { signOutUrl: 'https://' } } }, 'web.authenticatingProxy.signOutUrl'],
    [
      { web: { authenticatingProxy: { signOutUrl: 'https://a:b@login.example.org/' } } },
      'web.authenticatingProxy.signOutUrl',
    ],
    [{ access: { maxStaleSeconds: 0 } }, 'access.maxStaleSeconds'],
    [{ access: { maxStaleSeconds: 86_401 } }, 'access.maxStaleSeconds'],
    [{ clusters: { enabled: 'yes' } }, 'clusters.enabled'],
    [{ clusters: { names: [] } }, 'clusters.names'],
    [{ lastUse: { clientAddress: 'hash' } }, 'lastUse.clientAddress'],
    [{ metrics: { perPair: 'yes' } }, 'metrics.perPair'],
    [{ warnings: { expiryDays: [0] } }, 'warnings.expiryDays.0'],
    [{ warnings: { expiryDays: [7, 3651] } }, 'warnings.expiryDays.1'],
    [{ warnings: { expiryDays: 7 } }, 'warnings.expiryDays'],
    [{ warnings: { expiryDays: [1, 2, 3, 4, 5, 6, 7, 8, 9] } }, 'warnings.expiryDays'],
    [{ leaderElection: { enabled: 'yes' } }, 'leaderElection.enabled'],
    [{ leaderElection: { leaseName: 'A' } }, 'leaderElection.leaseName'],
    [{ leaderElection: { leaseDurationSeconds: 3601 } }, 'leaderElection.leaseDurationSeconds'],
    [{ leaderElection: { renewDeadlineSeconds: 2.5 } }, 'leaderElection.renewDeadlineSeconds'],
    [{ leaderElection: { retryPeriodSeconds: 0 } }, 'leaderElection.retryPeriodSeconds'],
    [{ log: { level: 'verbose' } }, 'log.level'],
    [{ log: { level: 'silent' } }, 'log.level'],
    [{ log: [] }, 'log'],
  ])('names the invalid field of %j and the rule', (settings, path) => {
    const message = messageOf(() => parse(settings));
    expect(message.startsWith(`c.yaml: ${path}: `)).toBe(true);
    expect(message.length).toBeGreaterThan(`c.yaml: ${path}: `.length);
  });

  it('accepts equal ports of different addresses, and free ports', () => {
    const local = (address: string) => ({ address, port: 8443 });
    expect(parse({ http: { plain: true, ...local('10.0.0.1') }, health: local('127.0.0.1') })).toBeDefined();
    expect(parse({ http: { plain: true, port: 0 }, health: { port: 0 } })).toBeDefined();
  });

  it.each(['HTTPS://Keys.example.org', 'https://keys.example.org:443/'])(
    'normalizes web.publicUrl: %s',
    (publicUrl) => {
      expect(parse({ web: { publicUrl } }).web.publicUrl).toBe('https://keys.example.org');
    },
  );

  it.each([
    ...['https://a.example/', 'https://a.example/x', 'HTTPS://a.example', 'https://A.example', 'https://a.example:443'],
    ...['a.example', 'null', 'file:///', 'https://*.example', 'https://u@a.example', 'https://a.example ', '', '**'],
  ])('rejects the origin %j and explains the format', (origin) => {
    expect(messageOf(() => parse({ http: { cors: { allowedOrigins: ['https://a.example', origin] } } }))).toBe(
      'c.yaml: http.cors.allowedOrigins.1: must be an origin such as https://console.example.org ' +
        '(scheme, host, non-default port, no path), or *',
    );
  });

  it.each<[object, string]>([
    [{ allowedOrigins: ['*', 'https://a.example'] }, 'http.cors.allowedOrigins: * must be the only entry'],
    [{ allowCredentials: true }, 'http.cors.allowCredentials: unknown field'],
  ])('rejects %j', (cors, message) => {
    expect(messageOf(() => parse({ http: { cors } }))).toBe(`c.yaml: ${message}`);
  });

  it.each([[{ http: {} }], [{ http: { port: 80 } }], [{ http: { plain: false } }], [{ http: undefined }]])(
    'requires TLS or explicit plain HTTP: %j',
    (settings) => {
      expect(messageOf(() => parse(settings))).toBe(
        'c.yaml: http: must set tls (certificateFile and keyFile) or plain: true, to serve HTTP without TLS',
      );
    },
  );

  it('rejects both TLS and plain HTTP', () => {
    const http = { tls: { certificateFile: 'c', keyFile: 'k' }, plain: true };
    expect(messageOf(() => parse({ http }))).toBe('c.yaml: http: must not set both tls and plain: true');
  });

  it.each([[{ defaultCycle: 31 }], [{ defaultCycle: 8, maxCycle: 7 }], [{ maxCycle: 2 }]])(
    'rejects a defaultCycle greater than maxCycle: %j',
    (token) => {
      expect(messageOf(() => parse({ token }))).toBe(
        'c.yaml: token.defaultCycle: must not be greater than token.maxCycle',
      );
    },
  );

  it.each([
    ['10m', 600],
    ['1h30m5s', 5_405],
    ['720h', 30 * 86_400],
  ])('reads the token lifetime %s', (lifetime, seconds) => {
    expect(parse({ token: { lifetime } }).token.lifetime).toBe(seconds);
  });

  it('rejects publishAheadHours longer than rotationDays', () => {
    const signingKeys = { rotationDays: 1, publishAheadHours: 25 };
    expect(messageOf(() => parse({ token: { signingKeys } }))).toBe(
      'c.yaml: token.signingKeys.publishAheadHours: must not be longer than token.signingKeys.rotationDays',
    );
  });

  it('rejects rotation that is so frequent that too many retired keys accumulate', () => {
    const token = { maxCycle: 365, signingKeys: { rotationDays: 7 } };
    expect(messageOf(() => parse({ token }))).toBe(
      'c.yaml: token.signingKeys.rotationDays: must be 0, or at least token.maxCycle / 50',
    );
  });

  it.each([
    { maxCycle: 350, signingKeys: { rotationDays: 7 } },
    { maxCycle: 3650, signingKeys: { rotationDays: 0, publishAheadHours: 8760 } },
  ])('accepts manual and infrequent rotation: %j', (token) => {
    expect(parse({ token }).token).toMatchObject(token);
  });

  it.each([
    [{ leaseDurationSeconds: 10 }, 'renewDeadlineSeconds: must be less than leaderElection.leaseDurationSeconds'],
    [{ renewDeadlineSeconds: 15 }, 'renewDeadlineSeconds: must be less than leaderElection.leaseDurationSeconds'],
    [{ retryPeriodSeconds: 9 }, 'retryPeriodSeconds: must be less than leaderElection.renewDeadlineSeconds / 1.2'],
    [
      { renewDeadlineSeconds: 6, retryPeriodSeconds: 5 },
      'retryPeriodSeconds: must be less than leaderElection.renewDeadlineSeconds / 1.2',
    ],
  ])('rejects contradictory leader election times: %j', (leaderElection, message) => {
    expect(messageOf(() => parse({ leaderElection }))).toBe(`c.yaml: leaderElection.${message}`);
  });

  it.each([{}, { retryPeriodSeconds: 8 }, { leaseDurationSeconds: 11 }])(
    'accepts leader election times that the elector accepts: %j',
    (leaderElection) => {
      const { leaseDurationSeconds, renewDeadlineSeconds, retryPeriodSeconds } = parse({
        leaderElection,
      }).leaderElection;
      const timings = {
        leaseDurationMs: leaseDurationSeconds * 1000,
        renewDeadlineMs: renewDeadlineSeconds * 1000,
        retryPeriodMs: retryPeriodSeconds * 1000,
      };
      expect(() => checkTimings(timings)).not.toThrow();
    },
  );

  it.each([
    ['', 'the document'],
    ['# only a comment\n', 'the document'],
    ['- a\n- b\n', 'the document'],
    ['just text', 'the document'],
    ['{}', 'apiVersion'],
    ['apiVersion: config.ghippo.io/v1alpha1\n', 'kind'],
  ])('rejects %j', (text, path) => {
    expect(messageOf(() => parseConfiguration(text, 'c.yaml'))).toMatch(new RegExp(`^c\\.yaml: ${path}: .`));
  });

  it.each([
    ['a: [', /at line 1/],
    ['a: 1\n b: 2\n', /at line \d/],
    ['kind: a\nkind: b\n', /unique/],
    ['"', /at line 1/],
    ['a: 1\n---\nb: 2\n', /multiple documents/],
    ['a: *missing', /missing/],
  ])('rejects invalid YAML with its position: %j', (text, why) => {
    const message = messageOf(() => parseConfiguration(text, 'c.yaml'));
    expect(message).toMatch(/^c\.yaml: /);
    expect(message).toMatch(why);
  });
});

describe('readCommand', () => {
  const outside = { KUBERNETES_SERVICE_HOST: '' };
  const inPod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };

  it.each([
    [['--help'], 'help'],
    [['--version'], 'version'],
    [['--help', '--version'], 'help'],
    [['--kubeconfig', 'k', '--config', '/not/there', '--help'], 'help'],
    [['--version', '--kubeconfig', 'k'], 'version'],
  ])('%j is the command %s', (args, kind) => {
    expect(readCommand(args, outside)).toEqual({ kind });
  });

  it.each([[['--kubeconfig', '/k']], [['--kubeconfig=/k']]])(
    '%j without --config is rejected, because TLS or plain HTTP is required',
    (args) => {
      expect(messageOf(() => readCommand(args, outside))).toBe(
        'no --config given: http: must set tls (certificateFile and keyFile) or plain: true, to serve HTTP without TLS',
      );
    },
  );

  it('reads the configuration file', () => {
    const config = write('good.yaml', stringify({ ...least, namespace: 'iam' }));
    const command = readCommand(['--kubeconfig', '/k', '--config', config], outside);
    expect(command).toStrictEqual({ kind: 'run', kubeconfig: '/k', configuration: { ...defaults, namespace: 'iam' } });
  });

  it('requires --kubeconfig outside of a pod', () => {
    const args = ['--config', write('least.yaml', stringify(least))];
    expect(messageOf(() => readCommand(args, outside))).toContain('no --kubeconfig given');
    expect(readCommand(args, inPod)).toStrictEqual({ kind: 'run', configuration: defaults });
  });

  it.each([
    [['--verbose'], '--verbose'],
    [['-v'], '-v'],
    [['--kubeconfig', '/k', '--port=80'], '--port'],
    [['run'], 'run'],
    [['--kubeconfig'], '--kubeconfig'],
    [['--config', '--kubeconfig', '/k'], '--config'],
    [['--help=yes'], '--help'],
  ])('rejects %j with one line that names it', (args, name) => {
    const message = messageOf(() => readCommand(args, outside));
    expect(message).toContain(name);
    expect(message).toContain('(see --help)');
  });

  it('names a configuration file that cannot be read or is invalid', () => {
    const missing = join(directory, 'missing.yaml');
    const read = (config: string) => messageOf(() => readCommand(['--kubeconfig', '/k', '--config', config], outside));
    expect(read(missing)).toMatch(new RegExp(`${missing}.*ENOENT`));
    expect(read(directory)).toMatch(new RegExp(`${directory}.*EISDIR`));
    const wrong = write('wrong.yaml', stringify({ ...head, nmespace: 'x' }));
    expect(read(wrong)).toBe(`${wrong}: nmespace: unknown field`);
  });
});

describe('usage', () => {
  it.each(['--kubeconfig', '--config', '--version', '--help'])('describes %s', (flag) => {
    expect(usage).toMatch(new RegExp(`^  ${flag} `, 'm'));
  });
});

describe('instanceName', () => {
  it('is valid in reportingInstance and in a Lease', () => {
    expect(instanceName()).toMatch(/^\S{1,253}$/);
  });
});
