import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, win32 } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isFound, programFiles } from '../../../../src/cli/credential/find-program.ts';

describe('programFiles', () => {
  it.each([
    ['plug', { PATH: '/a:/b' }, ['/a/plug', '/b/plug']],
    ['/opt/plug', { PATH: '/a' }, ['/opt/plug']],
    ['plug', {}, ['plug']],
  ])('are in the directories of PATH unless the command is a path: %s', (command, env, files) => {
    expect(programFiles(command, env, posix)).toEqual(files);
  });

  it.each([
    [
      'plug',
      { PATH: 'C:\\a;C:\\b', PATHEXT: '.EXE;.CMD' },
      'C:\\a\\plug.EXE C:\\a\\plug.CMD C:\\b\\plug.EXE C:\\b\\plug.CMD',
    ],
    ['plug.cmd', { PATH: 'C:\\a', PATHEXT: '.EXE' }, 'C:\\a\\plug.cmd C:\\a\\plug.cmd.EXE'],
    ['C:\\a\\plug', { PATHEXT: '.EXE' }, 'C:\\a\\plug.EXE'],
    ['plug', { PATH: 'C:\\a' }, 'C:\\a\\plug.COM C:\\a\\plug.EXE C:\\a\\plug.BAT C:\\a\\plug.CMD'],
  ])('have an ending of PATHEXT on Windows: %s', (command, env, files) => {
    expect(programFiles(command, env, win32)).toEqual(files.split(' '));
  });
});

describe('isFound', () => {
  it.each([
    ['plug', 0o755, true],
    ['plug', 0o644, false],
    ['other', 0o755, false],
  ])('requires a file that may be run: %s', async (command, mode, found) => {
    const directory = mkdtempSync(join(tmpdir(), 'find-program-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'plug'), '', { mode });
    const env = { PATH: `/nonexistent:${directory}` };
    expect(await isFound(command, env)).toBe(found);
    expect(await isFound(join(directory, command), {})).toBe(found);
  });
});
