import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TlsFiles } from '../../src/http/server/tls-pair.ts';
import { mountFiles } from './mounted-files.ts';

const run = promisify(execFile);

/** A certificate and its key, PEM. */
export interface CertificatePair {
  certificate: string;
  key: string;
}

/**
 * Creates a self-signed certificate for 127.0.0.1 and localhost with openssl, valid for two days.
 *
 * @param name the common name
 * @param keyType arguments of `openssl req -newkey`
 * @param addresses other addresses of the server
 */
export async function makeCertificate(
  name: string,
  keyType = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  addresses: readonly string[] = [],
) {
  return inFolder(async (folder): Promise<CertificatePair> => {
    const [certificate, key] = [join(folder, 'certificate'), join(folder, 'key')];
    const alternatives = ['DNS:localhost', 'IP:127.0.0.1', ...addresses.map((address) => `IP:${address}`)].join();
    const names = ['-subj', `/O=test/CN=${name}`, '-addext', `subjectAltName=${alternatives}`];
    const options = ['-x509', '-nodes', '-days', '2', '-keyout', key, '-out', certificate];
    await run('openssl', ['req', ...options, ...names, '-newkey', ...keyType]);
    return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
  });
}

/** Encrypts a key with a passphrase. The option `-traditional` selects the older format. */
export async function encryptKey(key: string, ...options: string[]): Promise<string> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, 'key'), key);
    const input = ['-in', join(folder, 'key'), '-aes128', '-passout', 'pass:x'];
    const { stdout } = await run('openssl', ['pkey', ...input, ...options]);
    return stdout;
  });
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  return use(folder).finally(() => rm(folder, { recursive: true }));
}

/** A certificate in a folder like a Secret mounted by the kubelet. */
export interface MountedSecret extends TlsFiles {
  swap(pair: CertificatePair): Promise<void>;
  remove(): Promise<void>;
}

export async function mountSecret(pair: CertificatePair): Promise<MountedSecret> {
  const filesOf = ({ certificate, key }: CertificatePair) => ({ 'tls.crt': certificate, 'tls.key': key });
  const { folder, swap, remove } = await mountFiles(filesOf(pair));
  return {
    certificateFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    swap: (next) => swap(filesOf(next)),
    remove,
  };
}
