import { describe, expect, it } from 'vitest';
import { findKeys } from '../../../../src/cli/token/issuer-keys.ts';

const issuer = 'https://keys.example.org';
const discovery = `${issuer}/.well-known/openid-configuration`;
const jwksURL = `${issuer}/.well-known/jwks.json`;
const keys = { keys: [{ kid: 'a', kty: 'EC' }] };
const document = { issuer, jwks_uri: jwksURL };
const defaults = { [discovery]: document, [jwksURL]: keys };

function find(options: object, responses: Record<string, unknown> = defaults) {
  const effects = {
    get: async (url: string) => ({
      status: url in responses ? 200 : 404,
      headers: {},
      body: typeof responses[url] === 'string' ? responses[url] : JSON.stringify(responses[url]),
    }),
    readFile: async () => JSON.stringify(keys),
  };
  return findKeys({ allowPlainHTTP: false, ...options }, effects);
}

describe('findKeys', () => {
  it.each([
    [{ jwks: 'keys.json' }, { keys, from: 'keys.json', issuer: undefined }],
    [
      { jwks: jwksURL, issuer: 'ghippo.io' },
      { keys, from: jwksURL, issuer: 'ghippo.io' },
    ],
    [{ issuer }, { keys, from: jwksURL, issuer }],
    [{ server: issuer }, { keys, from: jwksURL, issuer }],
    [{ tokenIssuer: issuer }, { keys, from: jwksURL }],
  ])('with %o', async (options, expected) => {
    expect(await find(options)).toEqual(expected);
  });

  it('reads the keys of a token server without discovery', async () => {
    expect(await find({ server: issuer }, { [jwksURL]: keys })).toEqual({ keys, from: jwksURL });
  });

  it.each([
    [{ tokenIssuer: 'ghippo.io' }, defaults, 'no keys to verify the token: its issuer is not a URL'],
    [{}, defaults, 'no keys to verify the token'],
    [{ tokenIssuer: 'http://10.0.0.1' }, defaults, 'issuer of the token: http://10.0.0.1 does not use https'],
    [{ issuer: 'ghippo.io' }, defaults, '--issuer: must be an https URL'],
    [{ issuer }, {}, `${discovery}: status 404`],
    [{ issuer }, { [discovery]: 'x' }, `${discovery}: not JSON`],
    [{ issuer }, { [discovery]: null }, 'issuer or jwks_uri is missing'],
    [
      { issuer },
      { [discovery]: { ...document, issuer: 'https://other' } },
      'the document is of the issuer https://other',
    ],
    [{ issuer }, { [discovery]: { issuer, jwks_uri: 'http://a/b' } }, 'jwks_uri has another scheme'],
    [{ issuer }, { ...defaults, [jwksURL]: { keys: {} } }, `${jwksURL}: not a JWK Set`],
    [{ issuer }, { ...defaults, [jwksURL]: null }, `${jwksURL}: not a JWK Set`],
  ])('rejects %o', async (options, responses, message) => {
    await expect(find(options, responses)).rejects.toThrow(message);
  });
});
