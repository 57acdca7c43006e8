import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SecureContextOptions, Server } from 'node:tls';
import type { Logger } from 'pino';
import { pause } from '../../kube/abort.ts';
import { describeError } from '../../kube/errors.ts';
import { TlsFileError, type TlsFiles, type TlsPair, toTlsPair } from './tls-pair.ts';

/** A server's certificate, which follows its files. */
export interface ServingCertificate {
  /** Makes a server present the certificate: now, and each later one to connections that are made then. */
  attach(server: Server): void;
  /** notAfter of the certificate in use, seconds since the epoch. */
  expiry(): number;
  /** Looks at the files now, and takes a new pair if it can be used. Never rejects. */
  look(): Promise<void>;
  /** Looks at the files each few seconds until the signal aborts. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CertificateOptions {
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Between two looks at the files, milliseconds. */
  intervalMs?: number;
}

/** Node's own default today; said here, so that neither a flag nor another version changes it (RFC 8996). */
const minVersion = 'TLSv1.2';

/**
 * Reads a certificate and its key.
 *
 * The content is compared each few seconds instead of asking the kernel for changes: a mounted Secret changes by
 * swapping a symlink some folders up, which a watch of the file does not see. A new pair that cannot be used, because it
 * is half-written or its parts do not belong together, is told once, and the former one stays.
 *
 * @throws TlsFileError naming the file that cannot be read or used
 */
export async function loadServingCertificate(
  files: TlsFiles,
  { log, now, intervalMs = 5_000 }: CertificateOptions,
): Promise<ServingCertificate> {
  const servers = new Set<Server>();
  const found = await readFiles(files);
  let seen = found.fingerprint;
  let pair = found.pair();
  report(pair, now(), log);

  async function look(): Promise<void> {
    const { fingerprint, pair: check } = await readFiles(files);
    if (fingerprint === seen) return;
    seen = fingerprint;
    try {
      pair = check();
    } catch (error) {
      log.error({ reason: describeError(error) }, 'the new TLS certificate cannot be used, the former one stays');
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
    look,
    async run(signal) {
      for (;;) {
        await pause(intervalMs, signal);
        if (signal.aborted) return;
        await look();
      }
    },
  };
}

interface FoundFiles {
  /** Differs when what was found differs. */
  fingerprint: string;
  /** @throws TlsFileError */
  pair: () => TlsPair;
}

async function readFiles(files: TlsFiles): Promise<FoundFiles> {
  try {
    const { certificate, key } = await readTogether(files);
    const fingerprint = createHash('sha256').update(certificate).update('\0').update(key).digest('hex');
    return { fingerprint, pair: () => toTlsPair({ certificate, key }, files) };
  } catch (error) {
    const pair = () => {
      throw error;
    };
    return { fingerprint: describeError(error), pair };
  }
}

/** Reads both as they are at one time: a mounted Secret may be swapped for another between the two. */
async function readTogether(files: TlsFiles): Promise<{ certificate: string; key: string }> {
  // One after the other, so that of two that are missing the same is told each time.
  const certificate = await readText(files.certificateFile);
  const key = await readText(files.keyFile);
  const wasSwapped = (await readText(files.certificateFile)) !== certificate;
  return wasSwapped ? readTogether(files) : { certificate, key };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TlsFileError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function contextOf({ certificate, key }: TlsPair): SecureContextOptions {
  return { cert: certificate, key, minVersion };
}

/** Its serial number is left out, and the key of course. */
function report({ subject, names, notBefore, notAfter }: TlsPair, now: number, log: Logger): void {
  const fields = { subject, names, notAfter: notAfter.toISOString() };
  if (now > notAfter.getTime()) log.warn(fields, 'the TLS certificate has expired');
  else if (now < notBefore.getTime()) log.warn(fields, 'the TLS certificate is not valid yet');
  else log.info(fields, 'TLS certificate loaded');
}
