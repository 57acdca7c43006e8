import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refreshTokenGrant } from 'openid-client';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createProvider, type Provider, type ProviderOptions } from '../../../../src/web/oidc/provider.ts';
import { startIdentityProvider, type TestIdentityProvider, testClient } from '../../../support/identity-provider.ts';

const discovery = '/.well-known/openid-configuration';
const directory = mkdtempSync(join(tmpdir(), 'oidc-provider-'));
const file = (name: string) => join(directory, name);

let idp: TestIdentityProvider;
let lines: Record<string, unknown>[];
let now: number;
let provider: Provider | undefined;

beforeAll(async () => {
  idp = await startIdentityProvider();
});
beforeEach(() => {
  lines = [];
  now = 0;
});
afterEach(async () => {
  idp.misbehave(discovery, undefined);
  await provider?.close();
});
afterAll(async () => {
  await idp.stop();
  rmSync(directory, { recursive: true });
});

function create(parts: Partial<ProviderOptions> = {}): Provider {
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  provider = createProvider({ issuer: idp.issuer, clientID: testClient.id, ...parts }, log, () => now);
  return provider;
}

/** @returns how the client authenticates at the token endpoint */
async function authenticationOf(one: Provider) {
  const { client } = await one.discovered();
  await refreshTokenGrant(client, 'unknown').catch(() => undefined);
  return idp.authentications.at(-1);
}

describe('the client', () => {
  test('is public without a secret', async () => {
    expect(await authenticationOf(create())).toEqual({ secret: null });
  });

  test('authenticates with the secret of the file, without a line break at its end', async () => {
    writeFileSync(file('secret'), `${testClient.secret}\n`);
    expect(await authenticationOf(create({ clientSecretFile: file('secret') }))).toMatchObject({ secret: null });
    const [scheme, encoded = ''] = idp.authentications.at(-1)?.header?.split(' ') ?? [];
    const decoded = decodeURIComponent(Buffer.from(encoded, 'base64').toString());
    expect([scheme, decoded]).toEqual(['Basic', `${testClient.id}:${testClient.secret}`]);
  });

  test('sends the secret in the form if the provider supports that', async () => {
    const other = await startIdentityProvider({
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    });
    writeFileSync(file('secret'), testClient.secret);
    const { client } = await create({ issuer: other.issuer, clientSecretFile: file('secret') }).discovered();
    await refreshTokenGrant(client, 'unknown').catch(() => undefined);
    expect(other.authentications).toEqual([{ secret: testClient.secret }]);
    await other.stop();
  });

  test('uses a changed secret after ten minutes', async () => {
    writeFileSync(file('secret'), 'old');
    const one = create({ clientSecretFile: file('secret') });
    const before = await authenticationOf(one);
    writeFileSync(file('secret'), 'new');
    expect(await authenticationOf(one)).toEqual(before);
    now += 600_000;
    await one.discovered();
    await expect.poll(async () => (await authenticationOf(one))?.header).not.toBe(before?.header);
  });

  test.each(['clientSecretFile', 'caFile'])('is unavailable if %s cannot be read', async (field) => {
    const missing = { [field]: file('missing') };
    await expect(create(missing).discovered()).rejects.toMatchObject({ failure: 'unavailable' });
    expect(lines).toMatchObject([{ reason: `cannot read ${file('missing')}: ENOENT` }]);
  });

  test('rejects a CA file without certificates when it connects', async () => {
    writeFileSync(file('ca'), 'no certificate');
    await expect(create({ issuer: 'https://127.0.0.1:1', caFile: file('ca') }).discovered()).rejects.toMatchObject({
      name: 'ProviderError',
    });
  });
});

describe('discovery', () => {
  test('is repeated every ten minutes, and keeps the previous document while that fails', async () => {
    const one = create();
    const first = await one.discovered();
    idp.misbehave(discovery, { status: 503 });
    now += 600_000;
    expect(await one.discovered()).toBe(first);
    await expect.poll(() => lines.length).toBe(1);
    idp.misbehave(discovery, undefined);
    now += 3_001;
    expect(await one.discovered()).toBe(first);
    await expect.poll(() => one.discovered()).not.toBe(first);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'cannot discover the identity provider',
      'identity provider is available again',
    ]);
  });

  test('keeps the previous document usable when the CA file has changed and discovery fails', async () => {
    writeFileSync(file('ca'), 'first');
    const one = create({ caFile: file('ca') });
    const { client } = await one.discovered();
    writeFileSync(file('ca'), 'second');
    idp.misbehave(discovery, { status: 503 });
    now += 600_000;
    await one.discovered();
    await expect.poll(() => lines.length).toBe(1);
    await expect(refreshTokenGrant(client, 'unknown')).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('logs the same failure once', async () => {
    idp.misbehave(discovery, { status: 503 });
    const one = create();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(one.discovered()).rejects.toThrow();
      now += 3_001;
    }
    expect(lines.length).toBe(1);
  });

  test.each(['authorization_endpoint', 'token_endpoint', 'jwks_uri'])(
    'rejects the %s of another scheme',
    async (field) => {
      const other = await startIdentityProvider({ [field]: 'javascript:alert(1)' });
      await expect(create({ issuer: other.issuer }).discovered()).rejects.toMatchObject({ failure: 'invalid' });
      await other.stop();
    },
  );
});
