import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitEnvironment, parseCgiResponse, startGitServer } from '../../../../tools/gitops/git-server.ts';
import { createRepository, type Repository, textOf } from '../../../../tools/gitops/repository.ts';
import { run, succeeds } from '../../../../tools/run-command.ts';

let directory: string;
let repository: Repository;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'repository-'));
  repository = await createRepository(directory);
});
afterAll(async () => {
  await repository?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Clones over HTTP. @returns the folder */
async function clone(): Promise<string> {
  const target = await mkdtemp(join(directory, 'clone-'));
  await run('git', ['clone', '--quiet', repository.url, target], { env: gitEnvironment });
  return target;
}

describe('createRepository', () => {
  it('serves each commit over HTTP', async () => {
    const revision = await repository.commit({ 'a/text': 'one\n', 'b.yaml': { kind: 'B' }, gone: 'x' });
    const next = await repository.commit({ gone: undefined });
    const copy = await clone();
    expect(await readFile(join(copy, 'a/text'), 'utf8')).toBe('one\n');
    expect(await readFile(join(copy, 'b.yaml'), 'utf8')).toBe('kind: B\n');
    await expect(readFile(join(copy, 'gone'))).rejects.toThrow('ENOENT');
    expect((await run('git', ['log', '--format=%H'], { cwd: copy, env: gitEnvironment })).trim()).toBe(
      `${next}\n${revision}`,
    );
  });

  it('reverts the latest commit', async () => {
    await repository.commit({ 'a/text': 'one\n' });
    await repository.commit({ 'a/text': 'two\n' });
    await repository.revert();
    expect(await readFile(join(await clone(), 'a/text'), 'utf8')).toBe('one\n');
  });

  it('creates a commit without changes', async () => {
    expect(await repository.commit({})).not.toBe(await repository.commit({}));
  });

  it('rejects pushes', async () => {
    const copy = await clone();
    expect(await succeeds('git', ['push', '--quiet', 'origin', 'HEAD:other'], { cwd: copy, env: gitEnvironment })).toBe(
      false,
    );
  });
});

describe('startGitServer', () => {
  it('fails in one line if git is missing', async () => {
    await expect(startGitServer(directory, { PATH: directory })).rejects.toThrow(/^GitOps tests need git on the PATH$/);
  });

  it('closes its port', async () => {
    const server = await startGitServer(directory);
    expect((await fetch(`${server.url}/none.git/info/refs`)).status).toBe(404);
    await server.stop();
    await expect(fetch(server.url)).rejects.toThrow();
  });
});

describe('parseCgiResponse', () => {
  it('separates status, header fields and body', () => {
    const output = Buffer.from('Status: 404 Not Found\r\nContent-Type: text/plain\r\n\r\nno\r\n\r\n');
    expect(parseCgiResponse(output)).toEqual({
      status: 404,
      headers: { 'Content-Type': 'text/plain' },
      body: Buffer.from('no\r\n\r\n'),
    });
  });

  it('returns 200 without a status, and 500 without header fields', () => {
    expect(parseCgiResponse(Buffer.from('A: b\r\n\r\n')).status).toBe(200);
    expect(parseCgiResponse(Buffer.from('')).status).toBe(500);
  });
});

describe('textOf', () => {
  it('writes objects as YAML documents', () => {
    expect(textOf([{ a: 1 }, { b: 2 }])).toBe('a: 1\n---\nb: 2\n');
    expect(textOf('text')).toBe('text');
  });
});
