/** kubectl-accesskey as a single executable, without Node.js or packages. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { buildExecutable } from '../../tools/bundle/executable.ts';
import { run } from '../../tools/run-command.ts';

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'executable-'));
  program = await buildExecutable(join(import.meta.dirname, '../..'), join(folder, 'bin'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the executable', () => {
  const withoutPath = { cwd: tmpdir(), env: { PATH: '' } };

  it('runs without Node.js', async () => {
    expect(await run(program, ['--version'], withoutPath)).toBe(`${packageJson.version}\n`);
  });

  it('loads what a command needs, and reports a missing kubeconfig', async () => {
    const kubeconfig = join(folder, 'missing');
    await expect(run(program, ['list', '--kubeconfig', kubeconfig], withoutPath)).rejects.toThrow(kubeconfig);
  });
});
