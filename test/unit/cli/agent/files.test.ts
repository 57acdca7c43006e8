import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeTemporaryFiles, replaceFile } from '../../../../src/cli/agent/atomic-file.ts';
import { findCredential } from '../../../../src/cli/agent/credential-files.ts';
import { createReadyFile } from '../../../../src/cli/agent/ready-file.ts';
import { readStoredValidity } from '../../../../src/cli/agent/stored-token.ts';

let folder: string;
const inFolder = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFile(inFolder(name), text);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('replaceFile', () => {
  it('sets the mode whatever the umask is, and leaves no other file', async () => {
    await replaceFile(inFolder('token'), 'one', { mode: 0o666 });
    await replaceFile(inFolder('token'), 'two', { mode: 0o640 });
    expect(await readFile(inFolder('token'), 'utf8')).toBe('two');
    expect((await stat(inFolder('token'))).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['token']);
  });

  it.runIf(process.getuid?.() === 0)('sets the owner, and keeps the group if there is none', async () => {
    await replaceFile(inFolder('token'), 'one', { mode: 0o600, owner: { uid: 65_532, gid: 65_532 } });
    expect(await stat(inFolder('token'))).toMatchObject({ uid: 65_532, gid: 65_532 });
    await replaceFile(inFolder('token'), 'two', { mode: 0o600, owner: { uid: 65_532, gid: -1 } });
    expect(await stat(inFolder('token'))).toMatchObject({ uid: 65_532, gid: 0 });
  });

  it('keeps the previous file and removes the new one if the owner cannot be set', async () => {
    await replaceFile(inFolder('token'), 'one', { mode: 0o600 });
    const owner = { uid: -2, gid: -2 };
    await expect(replaceFile(inFolder('token'), 'two', { mode: 0o600, owner })).rejects.toThrow();
    expect(await readFile(inFolder('token'), 'utf8')).toBe('one');
    expect(await readdir(folder)).toEqual(['token']);
  });

  it('fails if the folder does not exist', async () => {
    await expect(replaceFile(inFolder('none/token'), 'one', { mode: 0o600 })).rejects.toThrow('ENOENT');
  });
});

it('removeTemporaryFiles removes only those of the file', async () => {
  const names = ['.token.0123.accesskey-tmp', '.other.0123.accesskey-tmp', '.token.txt', 'token'];
  for (const name of names) await write(name, 'x');
  await removeTemporaryFiles(inFolder('token'));
  expect((await readdir(folder)).sort()).toEqual(['.other.0123.accesskey-tmp', '.token.txt', 'token']);
});

const uuid = (digit: number) => `${`${digit}`.repeat(8)}-${digit}${digit}${digit}${digit}-4000-8000-000000000000`;
const subjectToken = (sub: string) => new UnsecuredJWT({ iss: 'https://issuer.example', sub }).encode();

describe('findCredential', () => {
  const pair = () => findCredential({ kind: 'directory', directory: folder });
  const subject = () => findCredential({ kind: 'subject-token', file: inFolder('subject') });

  it('changes the fingerprint with the content, not with the newline of an editor', async () => {
    await write('subject', subjectToken('one'));
    const first = await subject();
    expect(first.credential).toEqual({ subjectToken: subjectToken('one') });
    await write('subject', `${subjectToken('one')}\n`);
    expect((await subject()).fingerprint).toBe(first.fingerprint);
    await write('subject', subjectToken('two'));
    expect((await subject()).fingerprint).not.toBe(first.fingerprint);
  });

  it('follows the symlink that the kubelet swaps', async () => {
    const publish = async (version: number) => {
      await mkdir(inFolder(`..${version}`));
      await writeFile(inFolder(`..${version}/ak`), uuid(version));
      await writeFile(inFolder(`..${version}/sk`), uuid(version + 5));
      await symlink(`..${version}`, inFolder('..data_tmp'));
      await rename(inFolder('..data_tmp'), inFolder('..data'));
    };
    await publish(1);
    for (const name of ['ak', 'sk']) await symlink(`..data/${name}`, inFolder(name));
    expect((await pair()).credential).toEqual({ pair: { ak: uuid(1), sk: uuid(6) } });
    await publish(2);
    expect((await pair()).credential).toEqual({ pair: { ak: uuid(2), sk: uuid(7) } });
  });

  it.each([
    ['a missing file', undefined, /cannot read .*subject: ENOENT$/],
    ['an empty file', ' \n', /subject: not a token/],
    ['something else', 'secret', /subject: not a token/],
  ])('reports %s without its content', async (_what, text, problem) => {
    if (text !== undefined) await write('subject', text);
    const found = await subject();
    expect(found).toEqual({
      credential: undefined,
      problem: expect.stringMatching(problem),
      fingerprint: found.problem,
    });
    expect(found.problem).not.toContain('secret');
  });

  it('reports a directory without a key pair', async () => {
    await write('ak', uuid(1));
    expect((await pair()).problem).toMatch(/cannot read .*sk: ENOENT$/);
  });
});

describe('createReadyFile', () => {
  it('creates and removes the file, also one of an earlier run', async () => {
    await write('ready', 'old');
    const file = createReadyFile(inFolder('ready'));
    await file.set(false);
    expect(await readdir(folder)).toEqual([]);
    await file.set(true);
    expect(await readdir(folder)).toEqual(['ready']);
    await file.set(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes the file only when the readiness changes', async () => {
    const file = createReadyFile(inFolder('ready'));
    await file.set(true);
    await chmod(inFolder('ready'), 0o600);
    await file.set(true);
    expect((await stat(inFolder('ready'))).mode & 0o777).toBe(0o600);
  });
});

describe('readStoredValidity', () => {
  it('reads the times of a token', async () => {
    await write('token', new UnsecuredJWT({}).setIssuedAt(1000).setExpirationTime(2000).encode());
    expect(await readStoredValidity(inFolder('token'))).toEqual({ obtainedAt: 1_000_000, expiresAt: 2_000_000 });
  });

  it.each(['', 'not a token', new UnsecuredJWT({}).encode()])('ignores %j', async (text) => {
    await write('token', text);
    expect(await readStoredValidity(inFolder('token'))).toBeUndefined();
  });

  it('ignores a missing file', async () => {
    expect(await readStoredValidity(inFolder('token'))).toBeUndefined();
  });
});
