/** Commands that run what users usually run, so that this is compiled in advance. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { cacheDirectory, openTokenCache } from '../../src/cli/token/cache-file.ts';
import type { PartName } from './part-names.ts';

export interface TypicalCommand {
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Nothing listens there. */
const server = 'https://127.0.0.1:1';

/**
 * Creates the files of a user, and returns a command for each part: `token` with a cached token, and `list`, which
 * cannot reach the API server.
 *
 * @param home new folder for the files
 */
export async function prepareTypicalCommands(home: string): Promise<Readonly<Record<PartName, TypicalCommand>>> {
  const env = { HOME: home, ACCESSKEY_URL: server };
  await mkdir(home);
  const kubeconfig = await writeKubeconfig(home);
  return {
    first: { args: ['token', '--pair-directory', await writePair(home)], exitCode: 0, env },
    rest: { args: ['list', '--kubeconfig', kubeconfig], exitCode: 1, env },
  };
}

/** Writes a key pair, and a token for it to the cache. @returns the directory of the key pair */
async function writePair(home: string): Promise<string> {
  const directory = join(home, 'pair');
  await mkdir(directory);
  const ak = crypto.randomUUID();
  await writeFile(join(directory, 'ak'), ak);
  await writeFile(join(directory, 'sk'), crypto.randomUUID());
  const cache = openTokenCache(cacheDirectory({}, home), process.getuid?.(), Date.now);
  const key = { server, identity: ak };
  await cache.prepare(key);
  await cache.write(key, { token: 'e30.e30.c2ln', issuedAt: Date.now(), expiresAt: Date.now() + 86_400_000 });
  return directory;
}

async function writeKubeconfig(home: string): Promise<string> {
  const file = join(home, 'kubeconfig');
  const name = 'nowhere';
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: name } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  await writeFile(file, stringify(content));
  return file;
}
