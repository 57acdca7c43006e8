import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Certificate } from './check-certificates.ts';

const timeoutMs = 10_000;

/**
 * Reads the certificate of a server. It is not verified, because the dates of an invalid one are reported as well.
 *
 * @param url an https URL
 * @param name that the server selects its certificate with; undefined: the host of the URL
 * @throws Error if there is no TLS connection
 */
export async function readServerCertificate(url: string, name?: string): Promise<Certificate> {
  const { hostname, port, protocol, origin } = new URL(url);
  if (protocol !== 'https:') throw new Error(`${origin} does not use https`);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect({
    host,
    port: Number(port || 443),
    servername: name ?? serverName(host),
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(timeoutMs) });
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) throw new Error(`${origin} sends no certificate`);
    return toCertificate(origin, certificate);
  } finally {
    socket.destroy();
  }
}

/** An address is no server name (RFC 6066 section 3). */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}

/** @param pem the first certificate counts. @throws Error if it is no certificate */
export function parseCertificate(from: string, pem: string): Certificate {
  try {
    return toCertificate(from, new X509Certificate(pem));
  } catch {
    throw new Error(`${from} contains no certificate`);
  }
}

function toCertificate(from: string, { validFromDate, validToDate }: X509Certificate): Certificate {
  return { from, notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}
