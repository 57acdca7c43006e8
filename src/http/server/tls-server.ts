import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { Logger } from 'pino';
import type { ServingCertificate } from './tls-certificate.ts';

/** What a server needs to serve HTTPS. */
export interface TlsOptions {
  certificate: ServingCertificate;
  log: Logger;
}

/**
 * Makes a server of HTTPS that presents a certificate. Handshakes that fail are logged at level debug only: scanners and
 * plain HTTP on this port are daily business.
 */
export function createTlsServer(
  options: ServerOptions,
  listener: RequestListener,
  { certificate, log }: TlsOptions,
): Server {
  const server = createServer(options, listener);
  certificate.attach(server);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    log.debug({ reason: error.code, remoteAddress: socket.remoteAddress }, 'TLS handshake failed');
  });
  return server;
}
