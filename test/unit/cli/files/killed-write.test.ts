import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { removeTemporaryFiles } from '../../../../src/cli/files/replace-file.ts';

const module = fileURLToPath(new URL('../../../../src/cli/files/replace-file.ts', import.meta.url));
const length = 1_000_000;
/** Replaces a file with a million of one letter, again and again. */
const program = `
  import { replaceFile } from ${JSON.stringify(module)};
  for (let at = 0; ; at += 1) await replaceFile(process.argv[1], 'ab'[at % 2].repeat(${length}), { mode: 0o600 });`;

test('a kill in the middle of a write never leaves a partial file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'killed-write-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  for (let round = 0; round < 4; round += 1) {
    // So that the second file is that of a write of this round.
    await removeTemporaryFiles(file);
    const writer = spawn(process.execPath, ['--input-type=module', '--eval', program, file]);
    onTestFinished(() => void writer.kill('SIGKILL'));
    await expect.poll(async () => (await readdir(folder)).length).toBeGreaterThan(1);
    await sleep(Math.random() * 20);
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    const text = await readFile(file, 'utf8').catch(() => 'a'.repeat(length));
    expect([text.length, new Set(text).size]).toEqual([length, 1]);
  }
  await removeTemporaryFiles(file);
  expect(await readdir(folder)).toEqual(['token']);
});
