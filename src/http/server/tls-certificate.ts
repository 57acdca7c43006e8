import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SecureContextOptions, Server } from 'node:tls';
import type { Logger } from 'pino';
import { describeError } from '../../kube/errors.ts';
import { pause } from '../../kube/time.ts';
import { TlsFileError, type TlsFiles, type TlsPair, toTlsPair } from './tls-pair.ts';

/** The certificate of a server, reloaded when its files change. */
export interface ServingCertificate {
  /** Sets the certificate of a server, and updates it after each reload, for new connections. */
  attach(server: Server): void;
  /** notAfter of the certificate in use, seconds since the epoch. */
  expiry(): number;
  /** Reloads the files if they changed. Keeps the current certificate if the new one is invalid. Never rejects. */
  reload(): Promise<void>;
  /** Reloads periodically until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CertificateOptions {
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Milliseconds between two reloads. */
  intervalMs?: number;
}

/** Node's default, set explicitly so that no flag or Node version changes it (RFC 8996). */
const minVersion = 'TLSv1.2';

/**
 * All suites of TLS 1.3; for TLS 1.2 only those with forward secrecy and authenticated encryption (RFC 9325 section
 * 4.2).
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * Loads a certificate and its key.
 *
 * Polls the files: a mounted Secret is updated by swapping a symlink of a parent directory, which a file watch does not
 * report. An invalid new pair, for example a partially written one, is logged once and the current pair stays in use.
 *
 * @throws TlsFileError that names the unreadable or invalid file
 */
export async function loadServingCertificate(
  files: TlsFiles,
  { log, now, intervalMs = 5_000 }: CertificateOptions,
): Promise<ServingCertificate> {
  const servers = new Set<Server>();
  const found = await readFiles(files);
  let fingerprint = found.fingerprint;
  let pair = found.pair();
  report(pair, now(), log);

  async function reload(): Promise<void> {
    const changed = await readFiles(files);
    if (changed.fingerprint === fingerprint) return;
    fingerprint = changed.fingerprint;
    try {
      pair = changed.pair();
    } catch (error) {
      log.error({ reason: describeError(error) }, 'the new TLS certificate is invalid, keeping the current one');
      return;
    }
    report(pair, now(), log);
    for (const server of servers) server.setSecureContext(contextOf(pair));
  }

  return {
    attach(server) {
      server.setSecureContext(contextOf(pair));
      servers.add(server);
      server.once('close', () => servers.delete(server));
    },
    expiry: () => Math.floor(pair.notAfter.getTime() / 1000),
    reload,
    async run(signal) {
      for (;;) {
        await pause(intervalMs, signal);
        if (signal.aborted) return;
        await reload();
      }
    },
  };
}

interface FoundFiles {
  /** Changes with the content of the files or the error. */
  fingerprint: string;
  /** @throws TlsFileError */
  pair: () => TlsPair;
}

async function readFiles(files: TlsFiles): Promise<FoundFiles> {
  try {
    const { certificate, key } = await readConsistently(files);
    const fingerprint = createHash('sha256').update(certificate).update('\0').update(key).digest('hex');
    return { fingerprint, pair: () => toTlsPair({ certificate, key }, files) };
  } catch (error) {
    const pair = () => {
      throw error;
    };
    return { fingerprint: describeError(error), pair };
  }
}

/** Reads both files consistently: a mounted Secret may be updated between the two reads. */
async function readConsistently(files: TlsFiles): Promise<{ certificate: string; key: string }> {
  // Sequentially, so that the error is the same each time if both files are missing.
  const certificate = await readText(files.certificateFile);
  const key = await readText(files.keyFile);
  const wasUpdated = (await readText(files.certificateFile)) !== certificate;
  return wasUpdated ? readConsistently(files) : { certificate, key };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TlsFileError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function contextOf({ certificate, key }: TlsPair): SecureContextOptions {
  return { cert: certificate, key, minVersion, ciphers };
}

/** Logs neither the serial number nor the key. */
function report({ subject, names, notBefore, notAfter }: TlsPair, now: number, log: Logger): void {
  const fields = { subject, names, notAfter: notAfter.toISOString() };
  if (now > notAfter.getTime()) log.warn(fields, 'the TLS certificate has expired');
  else if (now < notBefore.getTime()) log.warn(fields, 'the TLS certificate is not valid yet');
  else log.info(fields, 'TLS certificate loaded');
}
