import { generateKeyPair, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { Access } from './api.ts';

const mark = '# Written by the control plane of accesskey-operator, and removed when that stops.';

/** The users that the API server knows by token, with their groups. */
const users = {
  admin: ['system:masters'],
  'system:kube-controller-manager': [],
  'system:kube-scheduler': [],
} as const;

/** Name of a user of the control plane itself. */
export type User = keyof typeof users;

/** Somebody whom the API server knows by a token besides, for tests of what people do with theirs. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
}

/** Secrets made anew at each start; the files lie in the folder of the control plane. */
export interface Credentials {
  readonly tokens: Readonly<Record<User, string>>;
  readonly tokenFile: string;
  readonly serviceAccountPrivateKeyFile: string;
  readonly serviceAccountPublicKeyFile: string;
}

/** Makes the tokens and the key of ServiceAccounts, and writes them into a folder. */
export async function createCredentials(directory: string, people: readonly Person[] = []): Promise<Credentials> {
  const token = () => randomBytes(32).toString('base64url');
  const tokens = { admin: token(), 'system:kube-controller-manager': token(), 'system:kube-scheduler': token() };
  const lines = Object.entries(users).map(([user, groups]) => {
    const secret = tokens[user as User];
    return tokenLine({ name: user, groups, token: secret });
  });
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const files = {
    tokenFile: join(directory, 'tokens.csv'),
    serviceAccountPrivateKeyFile: join(directory, 'service-account.key'),
    serviceAccountPublicKeyFile: join(directory, 'service-account.pub'),
  };
  const write = (path: string, content: string | Buffer) => writeFile(path, content, { mode: 0o600 });
  await Promise.all([
    write(files.tokenFile, [...lines, ...people.map(tokenLine)].join('')),
    write(files.serviceAccountPrivateKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' })),
    write(files.serviceAccountPublicKeyFile, publicKey.export({ type: 'spki', format: 'pem' })),
  ]);
  return { tokens, ...files };
}

/** A line of kube-apiserver's static token file. */
function tokenLine({ name, groups, token }: Person): string {
  return `${token},${name},${name},"${groups.join(',')}"\n`;
}

/**
 * Makes sure that a kubeconfig may be written: an existing file is replaced only if an earlier control plane wrote it,
 * because it might be somebody's way into their clusters.
 *
 * @throws Error if the file exists and is not ours
 */
export async function assertReplaceable(path: string): Promise<void> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return mark;
    throw error;
  });
  if (!content.startsWith(mark)) throw new Error(`${path} exists and was not written by a control plane`);
}

/**
 * Writes a kubeconfig that only this user can read.
 *
 * @returns a function that removes the file, unless another has been written in its place
 * @throws Error if the file exists and is not ours
 */
export async function writeKubeconfig(path: string, access: Access): Promise<() => void> {
  await assertReplaceable(path);
  const content = `${mark}\n${kubeconfig(access)}`;
  // A new file, so that it has the right mode, and so that whoever waits for it never reads half of it.
  const temporary = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
  await rename(temporary, path);
  return () => {
    if (existsSync(path) && readFileSync(path, 'utf8') === content) rmSync(path);
  };
}

function kubeconfig({ server, certificateAuthority, token }: Access): string {
  const name = 'accesskey-operator';
  const ca = Buffer.from(certificateAuthority).toString('base64');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name, cluster: { server, 'certificate-authority-data': ca } }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    },
    { lineWidth: 0 },
  );
}
