import { describe, expect, it } from 'vitest';
import { generateSigningKeys, parseSigningKeys } from '../../../../src/token/keys/signing-keys.ts';
import { keyPolicy, now } from '../../../support/builders.ts';
import { createPlatform, keyPaths, signingKeys } from '../support.ts';

const openid = '/.well-known/openid-configuration';
const oauth = '/.well-known/oauth-authorization-server';
const withIssuer = (issuer: string) => createPlatform({ token: { issuer, defaultCycle: 3, maxCycle: 30 } });

describe.each(keyPaths)('GET %s', (path) => {
  it('returns the public keys, with a cache lifetime', async () => {
    const { get } = await createPlatform();
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('public, max-age=300');
    expect(answer.json()).toEqual((await signingKeys()).jwks);
    expect(Object.keys(answer.json<{ keys: object[] }>().keys[0] ?? {}).sort()).toEqual([
      'alg',
      'e',
      'kid',
      'kty',
      'n',
      'use',
    ]);
  });
});

describe('the metadata', () => {
  it.each([openid, oauth])('of %s are complete', async (path) => {
    const { get } = await withIssuer('https://iam.example.com');
    const answer = await get(path);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('public, max-age=300');
    expect(answer.json()).toEqual({
      issuer: 'https://iam.example.com',
      authorization_endpoint: 'https://iam.example.com/oauth2/authorize',
      token_endpoint: 'https://iam.example.com/oauth2/token',
      introspection_endpoint: 'https://iam.example.com/oauth2/introspect',
      jwks_uri: 'https://iam.example.com/.well-known/jwks.json',
      grant_types_supported: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      response_types_supported: ['none'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'Bearer'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'preferred_username', 'groups', 'client_id'],
    });
  });

  // OpenID Connect Discovery 1.0 section 3: RS256 MUST be included.
  it.each(['ES256', 'EdDSA'] as const)('list RS256 after the algorithm %s', async (algorithm) => {
    const token = { issuer: 'https://iam.example.com', defaultCycle: 3, maxCycle: 30 };
    const keys = await parseSigningKeys(await generateSigningKeys(new Date(now), { ...keyPolicy, algorithm }));
    const { get } = await createPlatform({ token, signingKeys: () => keys });
    expect((await get(openid)).json()).toMatchObject({ id_token_signing_alg_values_supported: [algorithm, 'RS256'] });
  });

  it('contain only URLs that exist', async () => {
    const { get, send } = await withIssuer('https://iam.example.com');
    const urls = Object.values(await get(openid).then((answer) => answer.json<Record<string, unknown>>()));
    const paths = urls.filter((url) => typeof url === 'string').map((url) => new URL(url).pathname);
    const responses = paths.filter((path) => path !== '/').map((path) => send(path, { method: 'POST' }));
    for (const answer of await Promise.all(responses)) expect(answer.status).not.toBe(404);
    expect(responses).toHaveLength(4);
  });

  it('of an issuer with a path are at the paths of both standards', async () => {
    const { get } = await withIssuer('https://example.com/iam/');
    const answers = await Promise.all([get(openid), get(`${oauth}/iam`)]);
    for (const answer of answers) {
      expect(answer.json()).toMatchObject({
        issuer: 'https://example.com/iam/',
        token_endpoint: 'https://example.com/iam/oauth2/token',
      });
    }
    expect((await get(oauth)).status).toBe(404);
  });

  it.each(['ghippo.io', 'http://iam.example.com', 'https://example.com?x=1', 'urn:x'])(
    'do not exist if the issuer is %s',
    async (issuer) => {
      const { get } = await withIssuer(issuer);
      for (const path of [openid, oauth]) {
        const answer = await get(path);
        expect(answer.status).toBe(404);
        expect(answer.json()).toEqual({
          code: 5,
          message: 'the issuer of this server is not an https URL',
          details: [],
        });
      }
    },
  );

  it('require the signing keys', async () => {
    const token = { issuer: 'https://iam.example.com', defaultCycle: 3, maxCycle: 30 };
    const { get } = await createPlatform({ token, signingKeys: () => undefined });
    expect((await get(openid)).status).toBe(503);
  });
});
