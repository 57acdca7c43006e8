/** A real Dex, the identity provider of the single sign-on tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { stringify } from 'yaml';
import { freePorts } from '../../tools/control-plane/ports.ts';
import { deathWrapper, type Program, startProgram } from '../../tools/control-plane/program.ts';
import { StartError, untilReady } from '../../tools/control-plane/readiness.ts';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { dexPrograms } from '../../tools/go-programs/program-sets.ts';
import { makeCertificate } from './certificates.ts';

/** A user of Dex. The password is {@link dexPassword}. */
export interface DexUser {
  email: string;
  /** Claim `preferred_username`. */
  username: string;
  /** Identifies the account in the claim `sub`. */
  id: string;
  groups?: readonly string[];
}

export interface DexClient {
  id: string;
  /** Unset for a public client. */
  secret?: string;
  redirectURIs: readonly string[];
}

export const dexPassword = 'password';
const passwordHash = '$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W';

/** Users of a test that needs no others. */
export const dexUsers = {
  alice: { email: 'alice@example.org', username: 'alice', id: 'id-of-alice', groups: ['developers', 'on-call'] },
  bob: { email: 'bob@example.org', username: 'bob', id: 'id-of-bob', groups: ['developers'] },
  /** Has no groups. */
  carol: { email: 'carol@example.org', username: 'carol', id: 'id-of-carol' },
  /** Claims a name that belongs to Kubernetes. */
  root: { email: 'root@example.org', username: 'system:admin', id: 'id-of-root', groups: ['system:masters'] },
} as const satisfies Record<string, DexUser>;

export interface DexOptions {
  clients: readonly DexClient[];
  /** Default: {@link dexUsers}. */
  users?: readonly DexUser[];
  /** Go duration. Default: 24h. */
  idTokenLifetime?: string;
  /** Whether the user must approve each sign-in. Default: false. */
  approval?: boolean;
}

export interface Dex {
  issuer: string;
  /** PEM file of the certificate that the provider uses. */
  caFile: string;
  certificate: string;
  /** @returns an ID token of a user, without a browser (resource owner password grant) */
  idToken(user: DexUser, client: DexClient): Promise<string>;
  /** Stops responding, while connections stay open. */
  pause(): void;
  resume(): void;
  /** Stops Dex, so that the port refuses connections. */
  stop(): Promise<void>;
  /**
   * Starts Dex again at the same URL. It has new signing keys, and no refresh tokens, because everything was in memory.
   * kube-apiserver only fetches the new keys after a restart, because Dex allows it to cache the previous keys for hours.
   *
   * @param changes replace options of the previous start
   */
  start(changes?: Partial<DexOptions>): Promise<void>;
  /** Stops Dex and removes its files. */
  remove(): Promise<void>;
}

const maxRetries = 3;

/** Starts Dex with TLS on a free port of 127.0.0.1. It ends when this process ends. */
export async function startDex(options: DexOptions): Promise<Dex> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (attempt === maxRetries || !(error instanceof StartError && error.portTaken)) throw error;
    }
  }
}

async function startOnce(options: DexOptions): Promise<Dex> {
  const { dex: path } = await locatePrograms(dexPrograms);
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-dex-'));
  const files = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') };
  const configFile = join(directory, 'config.yaml');
  const logFile = join(directory, 'dex.log');
  const [port = 0] = await freePorts(1);
  const issuer = `https://127.0.0.1:${port}/dex`;
  const { certificate, key } = await makeCertificate('dex');
  await Promise.all([writeFile(files.certificate, certificate), writeFile(files.key, key)]);
  const dispatcher = new Agent({ connect: { ca: certificate } });
  const isReady = async () => {
    const response = await fetch(`${issuer}/.well-known/openid-configuration`, { dispatcher }).catch(() => undefined);
    await response?.body?.cancel();
    return response?.ok ?? false;
  };
  const wrapper = await deathWrapper();
  let current = options;
  let program: Program | undefined;

  async function start(changes: Partial<DexOptions> = {}): Promise<void> {
    current = { ...current, ...changes };
    await writeFile(configFile, stringify(configuration(current, { issuer, port, files })));
    program = startProgram({ name: 'dex', path, arguments: ['serve', configFile], logFile, wrapper });
    await untilReady(program, { isReady, dependencies: [] });
  }
  async function idToken({ email }: DexUser, { id, secret = '' }: DexClient): Promise<string> {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'password',
        username: email,
        password: dexPassword,
        scope: 'openid profile email groups',
      }),
      dispatcher,
    });
    const answer = (await response.json()) as { id_token?: string; error?: string };
    if (answer.id_token === undefined) throw new Error(`Dex issued no token: ${answer.error}`);
    return answer.id_token;
  }
  const pause = () => program?.kill('SIGSTOP');
  const resume = () => program?.kill('SIGCONT');
  const stop = async () => program?.stop('SIGKILL');
  const remove = async () => {
    await stop();
    await dispatcher.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await remove();
    throw error;
  }
  return { issuer, caFile: files.certificate, certificate, idToken, pause, resume, start, stop, remove };
}

interface Listener {
  issuer: string;
  port: number;
  files: { certificate: string; key: string };
}

function configuration(
  { clients, users = Object.values(dexUsers), idTokenLifetime = '24h', approval = false }: DexOptions,
  { issuer, port, files }: Listener,
) {
  return {
    issuer,
    storage: { type: 'memory' },
    web: { https: `127.0.0.1:${port}`, tlsCert: files.certificate, tlsKey: files.key },
    oauth2: { skipApprovalScreen: !approval, passwordConnector: 'local' },
    expiry: { idTokens: idTokenLifetime },
    staticClients: clients.map(({ id, secret, redirectURIs }) => ({
      id,
      name: id,
      redirectURIs,
      ...(secret === undefined ? { public: true } : { secret }),
    })),
    enablePasswordDB: true,
    staticPasswords: users.map(({ email, username, id, groups }) => ({
      email,
      username,
      preferredUsername: username,
      userID: id,
      hash: passwordHash,
      groups,
    })),
  };
}
