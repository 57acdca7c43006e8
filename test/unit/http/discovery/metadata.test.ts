import { describe, expect, it } from 'vitest';
import { parseIssuer } from '../../../../src/http/discovery/metadata.ts';
import { createPlatform } from '../support.ts';

const openid = '/.well-known/openid-configuration';
const oauth = '/.well-known/oauth-authorization-server';
const withIssuer = (issuer: string) => createPlatform({ token: { issuer, defaultCycle: 3, maxCycle: 30 } });

describe('metadata', () => {
  it.each([openid, oauth])('GET %s tells what is true', async (path) => {
    const { get } = await withIssuer('https://iam.example.com');
    const answer = await get(path);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('public, max-age=300');
    expect(answer.json()).toEqual({
      issuer: 'https://iam.example.com',
      token_endpoint: 'https://iam.example.com/oauth2/token',
      introspection_endpoint: 'https://iam.example.com/oauth2/introspect',
      jwks_uri: 'https://iam.example.com/.well-known/jwks.json',
      grant_types_supported: ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'Bearer'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'preferred_username', 'groups', 'client_id'],
    });
  });

  it('names only URLs that are there', async () => {
    const { get, send } = await withIssuer('https://iam.example.com');
    const urls = Object.values(await get(openid).then((answer) => answer.json<Record<string, unknown>>()));
    const paths = urls.filter((url) => typeof url === 'string').map((url) => new URL(url).pathname);
    const asked = paths.filter((path) => path !== '/').map((path) => send(path, { method: 'POST' }));
    for (const answer of await Promise.all(asked)) expect(answer.status).not.toBe(404);
    expect(asked).toHaveLength(3);
  });

  it('of an issuer with a path has it in the place that each standard says', async () => {
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
    'is not there when the issuer is %s',
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

  it('waits for the signing keys', async () => {
    const token = { issuer: 'https://iam.example.com', defaultCycle: 3, maxCycle: 30 };
    const { get } = await createPlatform({ token, signingKeys: () => undefined });
    expect((await get(openid)).status).toBe(503);
  });
});

describe('parseIssuer', () => {
  it.each([
    ['https://a.example', 'https://a.example', ''],
    ['https://a.example/', 'https://a.example', ''],
    ['https://a.example:8443/x/y', 'https://a.example:8443/x/y', '/x/y'],
    ['http://localhost:8080', 'http://localhost:8080', ''],
    ['http://127.0.0.1:1', 'http://127.0.0.1:1', ''],
    ['http://[::1]:1/x', 'http://[::1]:1/x', '/x'],
  ])('takes %s', (issuer, base, path) => {
    expect(parseIssuer(issuer)).toEqual({ issuer, base, path });
  });

  it.each([
    '',
    'x',
    'ftp://a',
    'http://a',
    'http://127.0.0.1.example',
    'https://a#b',
    'https://a?',
    'https://u@a',
    'https://a/:x',
    'https://a/*',
  ])('does not take %j', (issuer) => {
    expect(parseIssuer(issuer)).toBeUndefined();
  });
});
