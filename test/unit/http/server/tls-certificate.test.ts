import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadServingCertificate } from '../../../../src/http/server/tls-certificate.ts';
import { toTlsPair } from '../../../../src/http/server/tls-pair.ts';
import {
  type CertificatePair,
  type MountedSecret,
  makeCertificate,
  mountSecret,
} from '../../../support/certificates.ts';

let one: CertificatePair;
let two: CertificatePair;
beforeAll(async () => {
  [one, two] = await Promise.all([makeCertificate('one'), makeCertificate('two')]);
});

let files: MountedSecret;
beforeEach(async () => {
  files = await mountSecret(one);
});
afterEach(() => files.remove());

/** Loads the certificate and records the log. */
async function load(now: () => number = Date.now, intervalMs?: number) {
  const lines: string[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  const certificate = await loadServingCertificate(files, { log, now, ...(intervalMs && { intervalMs }) });
  return { certificate, logged: () => lines.map((line) => JSON.parse(line)), log: () => lines.join('') };
}

const notAfter = (pair: CertificatePair) => toTlsPair(pair, files).notAfter;
const [info, warning, error] = [30, 40, 50];

describe('loadServingCertificate', () => {
  it('logs subject and expiry of the certificate, but not its serial number', async () => {
    const { certificate, logged } = await load();
    expect(logged()).toEqual([
      {
        level: info,
        msg: 'TLS certificate loaded',
        subject: 'O=test, CN=one',
        names: 'DNS:localhost, IP Address:127.0.0.1',
        notAfter: notAfter(one).toISOString(),
      },
    ]);
    expect(certificate.expiry() * 1000).toBe(notAfter(one).getTime());
  });

  it.each([
    ['has expired', 3],
    ['is not valid yet', -3],
  ])('accepts a certificate that %s, with a warning', async (what, days) => {
    const { logged } = await load(() => Date.now() + days * 86_400_000);
    expect(logged()).toMatchObject([{ level: warning, msg: `the TLS certificate ${what}`, subject: 'O=test, CN=one' }]);
  });

  it.each([
    ['certificate', 'certificateFile'],
    ['key', 'keyFile'],
  ] as const)('names the file of a %s that cannot be read', async (_, which) => {
    const broken = { ...files, [which]: '/nowhere/tls' };
    await expect(loadServingCertificate(broken, { log: pino({ enabled: false }), now: Date.now })).rejects.toThrow(
      '/nowhere/tls: cannot be read (ENOENT)',
    );
  });

  it('names the invalid file', async () => {
    await files.swap({ ...one, key: two.key });
    await expect(load()).rejects.toThrow(`${files.keyFile}: not the key of the first certificate in `);
  });
});

describe('reload', () => {
  it('logs nothing without a change', async () => {
    const { certificate, logged } = await load();
    await certificate.reload();
    await files.swap(one);
    await certificate.reload();
    expect(logged()).toHaveLength(1);
  });

  it('uses a new pair after the mounted Secret changed', async () => {
    const { certificate, logged } = await load();
    await files.swap(two);
    await certificate.reload();
    expect(logged()).toMatchObject([{ subject: 'O=test, CN=one' }, { level: info, subject: 'O=test, CN=two' }]);
    expect(certificate.expiry() * 1000).toBe(notAfter(two).getTime());
  });

  it('runs periodically until the signal aborts', async () => {
    const stop = new AbortController();
    const { certificate, logged } = await load(Date.now, 5);
    const running = certificate.run(stop.signal);
    await files.swap(two);
    await expect.poll(logged).toMatchObject([{}, { subject: 'O=test, CN=two' }]);
    stop.abort();
    await running;
  });

  it('rejects an invalid pair, logs it once, and uses the next valid one', async () => {
    const { certificate, logged, log } = await load();
    await writeFile(files.certificateFile, two.certificate);
    await certificate.reload();
    await certificate.reload();
    expect(logged().slice(1)).toEqual([
      {
        level: error,
        msg: 'the new TLS certificate is invalid, keeping the current one',
        reason: `${files.keyFile}: not the key of the first certificate in ${files.certificateFile}`,
      },
    ]);
    expect(certificate.expiry() * 1000).toBe(notAfter(one).getTime());
    await writeFile(files.keyFile, two.key.slice(0, 100));
    await certificate.reload();
    expect(logged()[2]).toMatchObject({
      level: error,
      reason: expect.stringMatching(/tls\.key: not a PEM private key/),
    });
    await writeFile(files.keyFile, two.key);
    await certificate.reload();
    expect(logged()[3]).toMatchObject({ level: info, subject: 'O=test, CN=two' });
    const [, content = ''] = two.key.split('\n');
    expect(log()).not.toContain(content.slice(0, 20));
  });

  it('keeps the certificate if the files are deleted, and logs it once', async () => {
    const { certificate, logged } = await load();
    await files.remove();
    await certificate.reload();
    await certificate.reload();
    expect(logged().slice(1)).toMatchObject([{ reason: `${files.certificateFile}: cannot be read (ENOENT)` }]);
    files = await mountSecret(one);
  });
});

describe('attach', () => {
  /** Returns the common name of the presented certificate. */
  async function presented(port: number): Promise<string | undefined> {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(CN);
  }

  it('sets the certificate of a server, and keeps it while a new one is invalid', async () => {
    const { certificate } = await load();
    const server = createServer();
    certificate.attach(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await presented(port)).toBe('one');
    await files.swap({ ...two, key: one.key });
    await certificate.reload();
    expect(await presented(port)).toBe('one');
    await files.swap(two);
    await certificate.reload();
    expect(await presented(port)).toBe('two');
    server.close();
  });
});
