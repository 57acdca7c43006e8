import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
    expect(await readStoredValidity(inFolder('token'), 1_000_000)).toEqual({
      obtainedAt: 1_000_000,
      expiresAt: 2_000_000,
    });
  });

  it('ignores a token that was issued while a clock was ahead', async () => {
    await write('token', new UnsecuredJWT({}).setIssuedAt(1000).setExpirationTime(2000).encode());
    expect(await readStoredValidity(inFolder('token'), 500_000)).toBeUndefined();
  });

  it.each(['', 'not a token', new UnsecuredJWT({}).encode()])('ignores %j', async (text) => {
    await write('token', text);
    expect(await readStoredValidity(inFolder('token'), 0)).toBeUndefined();
  });

  it('ignores a missing file', async () => {
    expect(await readStoredValidity(inFolder('token'), 0)).toBeUndefined();
  });
});
