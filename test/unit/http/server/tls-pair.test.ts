import { beforeAll, describe, expect, it } from 'vitest';
import { TlsFileError, toTlsPair } from '../../../../src/http/server/tls-pair.ts';
import { type CertificatePair, encryptKey, makeCertificate } from '../../../support/certificates.ts';

const files = { certificateFile: '/tls/tls.crt', keyFile: '/tls/tls.key' };
const day = 86_400_000;

let one: CertificatePair;
let two: CertificatePair;
beforeAll(async () => {
  [one, two] = await Promise.all([makeCertificate('one'), makeCertificate('two')]);
});

/** Returns the message of the TlsFileError. */
function rejection(content: CertificatePair): string {
  try {
    toTlsPair(content, files);
  } catch (error) {
    expect(error).toBeInstanceOf(TlsFileError);
    return (error as Error).message;
  }
  return 'taken';
}

const half = (text: string) => text.slice(0, text.length / 2);

describe('toTlsPair', () => {
  it('returns the fields of the certificate', () => {
    const pair = toTlsPair(one, files);
    expect(pair).toMatchObject({ ...one, subject: 'O=test, CN=one', names: 'DNS:localhost, IP Address:127.0.0.1' });
    expect(pair.notAfter.getTime() - pair.notBefore.getTime()).toBe(2 * day);
  });

  it.each([
    ['RSA', ['rsa:2048']],
    ['Ed25519', ['ed25519']],
  ])('accepts a key of type %s', async (_, keyType) => {
    const pair = await makeCertificate('one', keyType);
    expect(toTlsPair(pair, files).key).toBe(pair.key);
  });

  it('accepts a chain with the server certificate first', () => {
    expect(toTlsPair({ ...one, certificate: one.certificate + two.certificate }, files).subject).toContain('one');
  });

  it.each([
    ['empty', () => ''],
    ['text', () => 'hello'],
    ['the key', () => one.key],
    ['incomplete', () => half(one.certificate)],
  ])('names the certificate file if it is %s', (_, certificate) => {
    expect(rejection({ certificate: certificate(), key: one.key })).toMatch(
      /^\/tls\/tls\.crt: not a PEM certificate \(ERR_OSSL_\w+\)$/,
    );
  });

  it('names the certificate file if the chain is incomplete', () => {
    const certificate = one.certificate + half(two.certificate);
    expect(rejection({ ...one, certificate })).toMatch(/^\/tls\/tls\.crt: cannot be used for TLS \(ERR_OSSL_\w+\)$/);
  });

  it('names the certificate file if OpenSSL considers its key too weak', async () => {
    expect(rejection(await makeCertificate('weak', ['rsa:1024']))).toBe(
      '/tls/tls.crt: cannot be used for TLS (ERR_SSL_EE_KEY_TOO_SMALL)',
    );
  });

  it.each([
    ['empty', () => ''],
    ['text', () => 'hello'],
    ['the certificate', () => one.certificate],
    ['incomplete', () => half(one.key)],
  ])('names the key file if it is %s, without its content', (_, key) => {
    const message = rejection({ certificate: one.certificate, key: key() });
    expect(message).toMatch(/^\/tls\/tls\.key: not a PEM private key \(ERR_OSSL_\w+\)$/);
  });

  it.each([[[]], [['-traditional']]])('rejects an encrypted key: %j', async (options) => {
    const key = await encryptKey(one.key, ...options);
    expect(rejection({ ...one, key })).toBe('/tls/tls.key: encrypted keys are not supported');
  });

  it.each([
    ['of another certificate', () => ({ ...one, key: two.key })],
    ['of a later certificate in the file', () => ({ certificate: one.certificate + two.certificate, key: two.key })],
  ])('names both files if the key is that %s', (_, content) => {
    expect(rejection(content())).toBe('/tls/tls.key: not the key of the first certificate in /tls/tls.crt');
  });
});
