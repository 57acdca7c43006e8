/** A real oauth2-proxy in front of the console. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { deathWrapper, startProgram } from '../../tools/control-plane/program.ts';
import { untilReady } from '../../tools/control-plane/readiness.ts';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { oauth2ProxyPrograms } from '../../tools/go-programs/program-sets.ts';
import { makeCertificate } from './certificates.ts';
import type { Dex, DexClient } from './dex.ts';

export interface OAuth2ProxyOptions {
  /** Port on 127.0.0.1. */
  port: number;
  /** URL of the console. */
  upstream: string;
  dex: Dex;
  client: DexClient;
}

export interface OAuth2Proxy {
  url: string;
  stop(): Promise<void>;
}

/** Where Dex redirects to after sign-in. */
export const oauth2ProxyCallback = (port: number) => `https://127.0.0.1:${port}/oauth2/callback`;

/** Starts oauth2-proxy with TLS and the options of docs/single-sign-on.md. It ends when this process ends. */
export async function startOAuth2Proxy({ port, upstream, dex, client }: OAuth2ProxyOptions): Promise<OAuth2Proxy> {
  const { 'oauth2-proxy': path } = await locatePrograms(oauth2ProxyPrograms);
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-oauth2-proxy-'));
  const { certificate, key } = await makeCertificate('oauth2-proxy');
  const files = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  await Promise.all([writeFile(files.certificate, certificate), writeFile(files.key, key)]);
  const flags = {
    'https-address': `127.0.0.1:${port}`,
    'http-address': '',
    'tls-cert-file': files.certificate,
    'tls-key-file': files.key,
    provider: 'oidc',
    'oidc-issuer-url': dex.issuer,
    'provider-ca-file': dex.caFile,
    'client-id': client.id,
    'client-secret': client.secret ?? '',
    // The default makes Dex ask for approval at each sign-in.
    'approval-prompt': 'auto',
    'redirect-url': oauth2ProxyCallback(port),
    'code-challenge-method': 'S256',
    scope: 'openid profile email groups',
    'cookie-secret': 'a'.repeat(32),
    'email-domain': '*',
    'pass-authorization-header': 'true',
    'skip-provider-button': 'true',
    upstream,
  };
  const program = startProgram({
    name: 'oauth2-proxy',
    path,
    arguments: Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    logFile: join(directory, 'oauth2-proxy.log'),
    wrapper: await deathWrapper(),
  });
  const url = `https://127.0.0.1:${port}`;
  const dispatcher = new Agent({ connect: { ca: certificate } });
  const isReady = async () => {
    const response = await fetch(`${url}/ready`, { dispatcher }).catch(() => undefined);
    await response?.body?.cancel();
    return response?.ok ?? false;
  };
  const stop = async () => {
    await program.stop('SIGKILL');
    await dispatcher.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilReady(program, { isReady, dependencies: [] });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
