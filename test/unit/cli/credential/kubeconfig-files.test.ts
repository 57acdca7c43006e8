import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { execEntry } from '../../../../src/cli/credential/exec-entry.ts';
import { changeKubeconfig, readKubeconfigs } from '../../../../src/cli/credential/kubeconfig-files.ts';

const exec = execEntry({ server: 'https://keys.example.org', command: 'kubectl-accesskey' }, { kind: 'environment' });
const change = { user: 'accesskey', exec, use: false, force: false };

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  file = join(directory, 'config');
});
afterEach(() => rm(directory, { recursive: true }));

describe('changeKubeconfig', () => {
  it('replaces a file as a whole, for the user only', async () => {
    await writeFile(file, '# kept\nusers: []\n');
    await chmod(file, 0o644);
    expect(await changeKubeconfig([file], change)).toEqual([file]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toContain('# kept');
    expect(await readdir(directory)).toEqual(['config']);
  });

  it('creates a file and its directory', async () => {
    const path = join(directory, '.kube', 'config');
    await changeKubeconfig([path], change);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['the first that exists', ['missing', 'second', 'third'], 'second'],
    ['the last if none exists', ['missing', 'new'], 'new'],
  ])('writes to %s', async (_, names, expected) => {
    for (const name of ['second', 'third']) await writeFile(join(directory, name), 'users: []\n');
    const changed = await changeKubeconfig(
      names.map((name) => join(directory, name)),
      change,
    );
    expect(changed).toEqual([join(directory, expected)]);
  });

  it('follows a link instead of replacing it', async () => {
    const real = join(directory, 'real');
    await writeFile(real, '');
    await symlink(real, file);
    await changeKubeconfig([file], change);
    expect(await readFile(real, 'utf8')).toContain('accesskey');
  });

  it('does not change a file that kubectl has locked', async () => {
    await writeFile(file, 'users: []\n');
    await writeFile(`${file}.lock`, '');
    await expect(changeKubeconfig([file], change)).rejects.toThrow(`the kubeconfig ${file} is locked`);
    expect(await readFile(file, 'utf8')).toBe('users: []\n');
    expect(await readdir(directory)).toContain('config.lock');
  });

  it('does not change an invalid file', async () => {
    await writeFile(file, 'users: [');
    await expect(changeKubeconfig([file], change)).rejects.toThrow('is not YAML');
    expect(await readFile(file, 'utf8')).toBe('users: [');
  });

  it('names a file that cannot be read', async () => {
    await expect(readKubeconfigs([directory])).rejects.toThrow(`kubeconfig ${directory}: EISDIR`);
  });
});
