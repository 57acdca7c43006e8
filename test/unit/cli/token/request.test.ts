import { describe, expect, it } from 'vitest';
import { buildTokenRequest } from '../../../../src/cli/token/request.ts';
import { keyPair } from '../../../support/builders.ts';

const server = 'https://keys.example.org';
const pair = keyPair();
const formOf = (body = '') => Object.fromEntries(new URLSearchParams(body));

describe('buildTokenRequest', () => {
  it('requests client credentials with Basic authentication', () => {
    const { method, url, headers, body } = buildTokenRequest({ pair }, { server });
    expect({ method, url, form: formOf(body) }).toEqual({
      method: 'POST',
      url: 'https://keys.example.org/oauth2/token',
      form: { grant_type: 'client_credentials' },
    });
    expect(headers.authorization).toBe(`Basic ${btoa(`${pair.ak}:${pair.sk}`)}`);
  });

  it('requests a validity in days in the format of the platform', () => {
    const { url, body } = buildTokenRequest({ pair }, { server, days: 3, audience: 'shop' });
    expect(url).toBe('https://keys.example.org/apis/ghippo.io/v1alpha1/token');
    expect(formOf(body)).toEqual({ cycle: '3', audience: 'shop' });
  });

  it('exchanges a token without client authentication', () => {
    const { headers, body } = buildTokenRequest({ subjectToken: 'e30.e30.e30' }, { server, audience: 'shop' });
    expect(headers).not.toHaveProperty('authorization');
    expect(formOf(body)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      subject_token: 'e30.e30.e30',
      audience: 'shop',
    });
  });

  it('rejects a validity of an exchanged token', () => {
    const build = () => buildTokenRequest({ subjectToken: 'e30.e30.e30' }, { server, days: 1 });
    expect(build).toThrow('--lifetime requires a key pair');
  });

  it.each([{ server }, { server, days: 1 }, { server, audience: 'a b' }])('has no secret in the URL: %o', (terms) => {
    expect(buildTokenRequest({ pair }, terms).url).not.toMatch(new RegExp(`${pair.sk}|${pair.ak}|\\?`));
  });
});
