import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import tls, { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Hono } from 'hono';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningServer, serve } from '../../../../src/http/server/server.ts';
import { loadServingCertificate, type ServingCertificate } from '../../../../src/http/server/tls-certificate.ts';
import {
  type CertificatePair,
  type MountedSecret,
  makeCertificate,
  mountSecret,
} from '../../../support/certificates.ts';

let one: CertificatePair;
let two: CertificatePair;
let rsa: CertificatePair;
beforeAll(async () => {
  const created = [makeCertificate('one'), makeCertificate('two'), makeCertificate('rsa', ['rsa:2048'])] as const;
  [one, two, rsa] = await Promise.all(created);
});

const loopback = { address: '127.0.0.1', port: 0 };
let files: MountedSecret;
let certificate: ServingCertificate;
let server: RunningServer;
let lines: string[];
/** Resolves when /slow was requested. */
let reached: Promise<void>;
/** Allows /slow to respond. */
let answer: () => void;

beforeEach(async () => {
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const app = new Hono();
  app.get('/', (context) => context.text('ok'));
  app.get('/slow', async (context) => {
    asked.resolve();
    await answered.promise;
    return context.text('late');
  });
  reached = asked.promise;
  answer = answered.resolve;
  lines = [];
  const log = pino({ base: null, level: 'debug' }, { write: (line: string) => void lines.push(line) });
  files = await mountSecret(one);
  certificate = await loadServingCertificate(files, { log, now: Date.now });
  server = await serve(app, { ...loopback, tls: { certificate, log } });
  lines.length = 0;
});
afterEach(async () => {
  await server.close(0);
  await files.remove();
});

/** A client that trusts both certificates and reuses its connection. */
function createClient() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: [one.certificate, two.certificate] });
  /** Returns the status, the body and the common name of the certificate, or the error code. */
  return (path: string): Promise<string> =>
    new Promise((resolve) => {
      const call = request({ host: '127.0.0.1', port: server.port, path, agent }, (response) => {
        const { subject } = (response.socket as TLSSocket).getPeerCertificate();
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(`${response.statusCode} ${text} by ${subject.CN}`));
      });
      call.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      call.end();
    });
}

/** Returns the TLS version of a handshake, or the error code. */
async function shakeHands(options: ConnectionOptions): Promise<string | null> {
  const ca = [one.certificate, rsa.certificate];
  const socket = connect({ host: '127.0.0.1', port: server.port, ca, ...options });
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
  }
}

describe('over TLS', () => {
  it('presents its certificate', async () => {
    expect(await createClient()('/')).toBe('200 ok by one');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('supports %s', async (version) => {
    expect(await shakeHands({ minVersion: version, maxVersion: version })).toBe(version);
  });

  it('supports a cipher suite for an ECDSA key, but not without authenticated encryption', async () => {
    const handshake = (ciphers: string) => shakeHands({ maxVersion: 'TLSv1.2', ciphers });
    expect(await handshake('ECDHE-ECDSA-AES128-GCM-SHA256')).toBe('TLSv1.2');
    expect(await handshake('ECDHE-ECDSA-AES128-SHA')).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
  });

  describe('with an RSA key', () => {
    beforeEach(async () => {
      await files.swap(rsa);
      await certificate.reload();
    });

    it.each(['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA', 'ECDHE-RSA-AES128-SHA'])(
      'rejects the cipher suite %s, without forward secrecy or authenticated encryption',
      async (ciphers) => {
        expect(await shakeHands({ maxVersion: 'TLSv1.2', ciphers })).toBe('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE');
      },
    );

    it.each(['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'])(
      'supports the cipher suite %s',
      async (ciphers) => {
        expect(await shakeHands({ maxVersion: 'TLSv1.2', ciphers })).toBe('TLSv1.2');
      },
    );
  });

  describe('if Node and OpenSSL allow old versions', () => {
    const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
    beforeEach(async () => {
      Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' });
      await files.swap(two);
      await certificate.reload();
    });
    afterEach(() => void Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }));

    it.each(['TLSv1', 'TLSv1.1'] as const)('rejects %s', async (version) => {
      expect(await shakeHands({ minVersion: version, maxVersion: version })).toBe(
        'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      );
    });
  });
});

describe('a new certificate', () => {
  it('is used for new connections and does not affect existing ones', async () => {
    const [open, busy] = [createClient(), createClient()];
    expect(await open('/')).toBe('200 ok by one');
    const slow = busy('/slow');
    await reached;
    await files.swap(two);
    await certificate.reload();
    expect(await createClient()('/')).toBe('200 ok by two');
    expect(await open('/')).toBe('200 ok by one');
    answer();
    expect(await slow).toBe('200 late by one');
  });

  it('is not set on a closed server', async () => {
    await server.close(0);
    await files.swap(two);
    await expect(certificate.reload()).resolves.toBeUndefined();
  });
});

/** Sends raw bytes and waits until the server closes the connection. */
async function exchange(bytes: string | Buffer): Promise<string> {
  const socket = connectPlain(server.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  socket.write(bytes);
  await closed;
  return text;
}

describe('a failed handshake', () => {
  it.each([
    ['plain HTTP', 'GET /?sk=secret-x HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['garbage', 'secret-x\r\n\r\n'],
    ['zeros', Buffer.alloc(2_000)],
    ['an incomplete, invalid handshake', Buffer.concat([Buffer.from('160301000501', 'hex'), Buffer.from('secret-x')])],
  ])('with %s is closed without an HTTP response and logged at level debug', async (_, bytes) => {
    expect(await exchange(bytes)).not.toContain('HTTP/1.1');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 20,
        msg: 'TLS handshake failed',
        reason: expect.stringMatching(/^ERR_SSL_/),
        remoteAddress: '127.0.0.1',
      },
    ]);
    expect(lines.join('')).not.toContain('secret-x');
    expect(await createClient()('/')).toBe('200 ok by one');
  });

  it('because the client disconnects causes no error', async () => {
    const socket = connectPlain(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(Buffer.from('1603010005', 'hex'));
    socket.resetAndDestroy();
    expect(await createClient()('/')).toBe('200 ok by one');
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 20 });
  });

  it('ends after the handshake timeout', async () => {
    const impatient = await serve(new Hono(), {
      ...loopback,
      tls: { certificate, log: pino({ enabled: false }) },
      timeouts: { handshake: 20 },
    });
    const socket = connectPlain(impatient.port, '127.0.0.1');
    await once(socket, 'close');
    await impatient.close(0);
  });

  it('does not change the response to malformed HTTP over TLS', async () => {
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: one.certificate });
    socket.setEncoding('utf8');
    let text = '';
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.write('garbage\r\n\r\n');
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 400 [\s\S]*"message":"the request is malformed"/);
  });
});

describe('close', () => {
  it('responds to a request in flight and closes idle connections immediately', async () => {
    const [idle, busy] = [createClient(), createClient()];
    await idle('/');
    const slow = busy('/slow');
    await reached;
    const closed = server.close(60_000);
    expect(await idle('/')).toMatch(/ECONNREFUSED|ECONNRESET/);
    answer();
    expect(await slow).toBe('200 late by one');
    await closed;
  });

  it('closes handshakes and connections without a request immediately', async () => {
    const [opened, begun] = [connectPlain(server.port, '127.0.0.1'), connectPlain(server.port, '127.0.0.1')];
    const shaken = connect({ host: '127.0.0.1', port: server.port, ca: one.certificate });
    const all = [opened, begun, shaken];
    for (const socket of all) socket.on('error', () => undefined);
    const ended = all.map((socket) => once(socket, 'close'));
    await Promise.all([once(opened, 'connect'), once(begun, 'connect'), once(shaken, 'secureConnect')]);
    begun.write(Buffer.from('1603010200', 'hex'));
    // After this response, the server has seen these connections.
    await createClient()('/');
    await server.close(60_000);
    await Promise.all(ended);
  });

  it('responds to a partially received request and closes its connection', async () => {
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: one.certificate });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const ended = once(socket, 'close');
    socket.write('GET / HTTP/1.1\r\n');
    await once(socket, 'secureConnect');
    await createClient()('/');
    const closed = server.close(60_000);
    socket.write('Host: a\r\n\r\n');
    await Promise.all([ended, closed]);
    expect(text).toMatch(/^connection: close$/im);
    expect(text).toMatch(/ok$/);
  });

  it('closes after the timeout', async () => {
    const slow = createClient()('/slow');
    await reached;
    await server.close(10);
    expect(await slow).toBe('ECONNRESET');
  });
});
