/** The leak check at the end of every integration test. */
import { describe, expect, it } from 'vitest';
import { generateSigningKeys, parseSigningKeys } from '../../../src/token/keys/signing-keys.ts';
import { signToken } from '../../../src/token/sign.ts';
import { keyPair, keyPolicy } from '../../support/builders.ts';
import { leaksIn } from '../../support/leaks.ts';

const { ak, sk } = keyPair();
const line = (text: string) => `{"level":30,"msg":"request"}\n{"level":30,"text":${JSON.stringify(text)}}\n`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

async function tokenOf(algorithm: 'RS256' | 'ES256' | 'EdDSA'): Promise<string> {
  const keys = await parseSigningKeys(await generateSigningKeys(new Date(), { ...keyPolicy, algorithm }));
  const user = { sub: 'u', preferred_username: 'ann', groups: [] };
  return signToken({ iss: 'ghippo.io', ...user, iat: 1, exp: 2, client_id: ak }, keys);
}

describe('a secret key', () => {
  it.each([
    ['plain', sk],
    ['in a URL', `/token?ak=${ak}&sk=${sk}&cycle=1`],
    ['in base64, as in a Secret', base64(sk)],
    ['in Basic', base64(`${ak}:${sk}`)],
    ['in base64 after one character', base64(`x${sk}`)],
    ['in base64 after two characters', base64(`xx${sk}xx`)],
  ])('is found %s', (_, text) => {
    const leaks = leaksIn({ output: line(text), metrics: '' }, [keyPair(2).sk, sk]);
    expect(leaks).toContain('a secret key is in the output');
    expect(leaks.join()).not.toContain(sk);
  });

  it('is not found in a text with only an ak', () => {
    expect(leaksIn({ output: line(`${ak} ${base64(ak)}`) }, [sk])).toEqual([]);
  });
});

describe('a token', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'of %s is found in full and by its signature alone',
    async (algorithm) => {
      const token = await tokenOf(algorithm);
      const [, payload = '', signature = ''] = token.split('.');
      const found = ['a token is in the Events'];
      for (const text of [token, `Bearer ${token}`, signature, `${payload}.${signature}`]) {
        expect(leaksIn({ output: '', Events: line(text) }, [])).toEqual(found);
      }
    },
  );

  it.each([
    ['an id of a request', crypto.randomUUID()],
    ['a thumbprint', '85p-xWPSHOFvKccKwdx3JMt27whDGqW9agfbwMAFjIc'],
    ['a very long name', 'a-1'.repeat(84)],
    ['the hash of an image', `sha256:${'0123456789abcdef'.repeat(8)}`],
    ['a path', '/apis/authentication.k8s.io/v1/namespaces/accesskey-system/serviceaccounts/accesskey-operator/token'],
  ])('is not reported for a text that only looks like one: %s', (_, text) => {
    expect(leaksIn({ output: line(text) }, [])).toEqual([]);
  });
});
