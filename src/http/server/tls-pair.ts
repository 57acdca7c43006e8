import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** PEM files of a server certificate. */
export interface TlsFiles {
  /** The certificate of the server, followed by intermediate certificates. */
  certificateFile: string;
  /** The unencrypted private key. */
  keyFile: string;
}

/** An unusable file. The message names the file and contains nothing of its content. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';
}

/** A valid certificate and its key. */
export interface TlsPair {
  /** PEM. */
  certificate: string;
  /** PEM; never logged. */
  key: string;
  /** Distinguished name, in one line; often empty. */
  subject: string;
  /** subjectAltName, if any. */
  names: string | undefined;
  notBefore: Date;
  notAfter: Date;
}

/**
 * Checks that two PEM files contain a certificate and its key. Accepts an expired certificate: clients check that, and
 * those that do not can still connect.
 *
 * @throws TlsFileError that names the invalid file
 */
export function toTlsPair(content: { certificate: string; key: string }, files: TlsFiles): TlsPair {
  const first = parseCertificate(content.certificate, files.certificateFile);
  if (!first.checkPrivateKey(parseKey(content.key, files.keyFile))) {
    throw new TlsFileError(`${files.keyFile}: not the key of the first certificate in ${files.certificateFile}`);
  }
  checkChain(content, files.certificateFile);
  return {
    ...content,
    subject: first.subject?.replaceAll('\n', ', ') ?? '',
    names: first.subjectAltName,
    notBefore: first.validFromDate,
    notAfter: first.validToDate,
  };
}

function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new TlsFileError(`${file}: not a PEM certificate${codeOf(error)}`);
  }
}

function parseKey(text: string, file: string): KeyObject {
  // PKCS #8 declares encryption in the first line, the older format in Proc-Type (RFC 1421 section 4.6.1.1).
  if (/^-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(text)) {
    throw new TlsFileError(`${file}: encrypted keys are not supported`);
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new TlsFileError(`${file}: not a PEM private key${codeOf(error)}`);
  }
}

/** Checks what only OpenSSL's TLS checks: the intermediate certificates, and weak keys. */
function checkChain({ certificate, key }: { certificate: string; key: string }, file: string): void {
  try {
    createSecureContext({ cert: certificate, key });
  } catch (error) {
    throw new TlsFileError(`${file}: cannot be used for TLS${codeOf(error)}`);
  }
}

/** @returns OpenSSL's error code in parentheses; its message might contain content of the file */
function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? '' : ` (${code})`;
}
