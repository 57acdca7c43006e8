import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** The files of a server's certificate, PEM. */
export interface TlsFiles {
  /** The certificate of the server, then those of the authorities between it and the root. */
  certificateFile: string;
  /** Its private key, not encrypted. */
  keyFile: string;
}

/** A file that no server can be given. The message names the file, and holds nothing of its content. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError';
}

/** A certificate and its key that a server can be given. */
export interface TlsPair {
  /** PEM. */
  certificate: string;
  /** PEM; never shown. */
  key: string;
  /** Distinguished name, in one line; often empty, then only the names say whose it is. */
  subject: string;
  /** subjectAltName; undefined without one. */
  names: string | undefined;
  notBefore: Date;
  notAfter: Date;
}

/**
 * Checks that two PEM files make a pair, as far as that can be known without a client. Whether it is valid at this time
 * is not asked: clients judge that, and a server with an expired certificate still serves those that do not.
 *
 * @throws TlsFileError naming the file that cannot be used
 */
export function toTlsPair(content: { certificate: string; key: string }, files: TlsFiles): TlsPair {
  const first = parseCertificate(content.certificate, files.certificateFile);
  if (!first.checkPrivateKey(parseKey(content.key, files.keyFile))) {
    throw new TlsFileError(`${files.keyFile}: is not the key of the first certificate in ${files.certificateFile}`);
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
    throw new TlsFileError(`${file}: is no PEM certificate${codeOf(error)}`);
  }
}

function parseKey(text: string, file: string): KeyObject {
  // Both forms name it: PKCS #8 in the first line, the older one in its Proc-Type (RFC 1421 section 4.6.1.1).
  if (/^-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(text)) {
    throw new TlsFileError(`${file}: the key is encrypted, which is not supported`);
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new TlsFileError(`${file}: is no PEM private key${codeOf(error)}`);
  }
}

/** What only OpenSSL's TLS knows: the other certificates of the file, and keys that it holds for too weak. */
function checkChain({ certificate, key }: { certificate: string; key: string }, file: string): void {
  try {
    createSecureContext({ cert: certificate, key });
  } catch (error) {
    throw new TlsFileError(`${file}: cannot be used for TLS${codeOf(error)}`);
  }
}

/** OpenSSL's code in parentheses. Its message is left out, for nobody promises what is in it. */
function codeOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? '' : ` (${code})`;
}
