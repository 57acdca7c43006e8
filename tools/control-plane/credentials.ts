/** Tokens, keys and kubeconfigs of the control plane. */
import { generateKeyPair, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { Access } from './api.ts';

const marker = '# Written by the control plane of accesskey-operator, and removed when it stops.';

/** The users of the control plane with their groups; each authenticates with a token. */
const users = {
  admin: ['system:masters'],
  'system:kube-controller-manager': [],
  'system:kube-scheduler': [],
} as const;

/** Name of a user of the control plane itself. */
export type User = keyof typeof users;

/** An additional user with a token, for tests. */
export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
}

/** Credentials that are generated at each start, with their files in the folder of the control plane. */
export interface Credentials {
  readonly tokens: Readonly<Record<User, string>>;
  readonly tokenFile: string;
  readonly serviceAccountPrivateKeyFile: string;
  readonly serviceAccountPublicKeyFile: string;
}

/** Generates the tokens and the ServiceAccount key, and writes them to a folder. */
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

/** Formats a line of the static token file of kube-apiserver. */
function tokenLine({ name, groups, token }: Person): string {
  return `${token},${name},${name},"${groups.join(',')}"\n`;
}

/**
 * Checks that a kubeconfig may be written. An existing file is replaced only if an earlier control plane wrote it,
 * because it might be the user's kubeconfig of other clusters.
 *
 * @throws Error if the file exists and was not written by a control plane
 */
export async function assertReplaceable(path: string): Promise<void> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return marker;
    throw error;
  });
  if (!content.startsWith(marker)) throw new Error(`${path} exists and was not written by a control plane`);
}

/**
 * Writes a kubeconfig that only this user can read.
 *
 * @returns a function that removes the file unless its content has changed
 * @throws Error if the file exists and was not written by a control plane
 */
export async function writeKubeconfig(path: string, access: Access): Promise<() => void> {
  await assertReplaceable(path);
  const content = `${marker}\n${kubeconfig(access)}`;
  // A new file gets the right mode, and renaming it ensures that other processes never read an incomplete file.
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
