import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeTemporaryFiles, replaceFile } from '../../../../src/cli/files/replace-file.ts';

let folder: string;
const inFolder = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFile(inFolder(name), text);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replace-file-'));
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

  it('keeps the owner of the process if another one is optional and cannot be set', async () => {
    const owner = { uid: -2, gid: -2 };
    await replaceFile(inFolder('token'), 'one', { mode: 0o600, owner, ownerIsOptional: true });
    expect(await stat(inFolder('token'))).toMatchObject({ uid: process.getuid?.() });
  });

  it('fails if the folder does not exist', async () => {
    await expect(replaceFile(inFolder('none/token'), 'one', { mode: 0o600 })).rejects.toThrow('ENOENT');
  });
});

it('removeTemporaryFiles removes only those of the file', async () => {
  const names = ['.token.0123456789ab.accesskey-tmp', '.other.0123456789ab.accesskey-tmp', '.token.txt', 'token'];
  for (const name of names) await write(name, 'x');
  await removeTemporaryFiles(inFolder('token'));
  expect((await readdir(folder)).sort()).toEqual(['.other.0123456789ab.accesskey-tmp', '.token.txt', 'token']);
});
