import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execEntry } from '../../../../src/cli/credential/exec-entry.ts';
import { type KeyringEntry, replacePassword } from '../../../../src/cli/credential/keyring.ts';
import { storeLogin } from '../../../../src/cli/credential/store-login.ts';
import { testContext } from '../support.ts';

const pair = { ak: crypto.randomUUID(), sk: crypto.randomUUID() };
const exec = execEntry({ server: 'https://keys.example.org', command: 'kubectl-accesskey' }, { kind: 'environment' });
const change = { user: 'accesskey', exec, use: false, force: false };
const otherUser = 'users: [{name: accesskey, user: {token: x}}]\n';

let directory: string;
let file: string;
let keyring: Map<string, string>;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'store-login-'));
  file = join(directory, 'config');
  keyring = new Map();
});
afterEach(() => rm(directory, { recursive: true }));

function entryOf(ak: string): KeyringEntry {
  return {
    getPassword: async () => keyring.get(ak) ?? null,
    setPassword: async (sk) => void keyring.set(ak, sk),
    deleteCredential: async () => keyring.delete(ak),
  };
}

function store(signal = new AbortController().signal) {
  const { stderr } = testContext();
  const writeKeyring = (ak: string, sk: string) => replacePassword(entryOf(ak), sk);
  return storeLogin([file], change, pair, { signal, stderr, writeKeyring });
}

describe('storeLogin', () => {
  it('stores the secret key and the user', async () => {
    expect(await store()).toEqual([file]);
    expect(await readFile(file, 'utf8')).toContain('accesskey');
    expect([...keyring]).toEqual([[pair.ak, pair.sk]]);
  });

  it.each([
    ['has a user with other credentials', otherUser, 'config', 'the user accesskey has other credentials'],
    ['is locked', '', 'config.lock', 'is locked by another process'],
  ])('stores no secret key if the kubeconfig %s', async (_, text, name, message) => {
    await writeFile(join(directory, name), text);
    await expect(store()).rejects.toThrow(message);
    expect([...keyring]).toEqual([]);
  });

  it('restores an earlier secret key of the same access key', async () => {
    keyring.set(pair.ak, 'earlier');
    await writeFile(`${file}.lock`, '');
    await expect(store()).rejects.toThrow('is locked');
    expect([...keyring]).toEqual([[pair.ak, 'earlier']]);
  });

  it('stores nothing after Ctrl-C', async () => {
    await expect(store(AbortSignal.abort(new Error('interrupted')))).rejects.toThrow('interrupted');
    expect([...keyring]).toEqual([]);
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });
});
