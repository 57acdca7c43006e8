import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateRedis } from '../../../../tools/debian/test-programs.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'test-programs-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('locateRedis', () => {
  const locate = () => locateRedis({ PATH: directory, XDG_CACHE_HOME: join(directory, 'cache') });

  it('names redis-server and apt-get if both are missing', async () => {
    await expect(locate()).rejects.toThrow(/^GitOps tests need redis-server, or apt-get to download it$/);
  });

  it('reports in one line that apt-get cannot download it, and leaves no incomplete folder', async () => {
    const script = '[ "$1" = --version ] || { echo "W: old"; echo "E: no network"; exit 100; } >&2';
    await writeFile(join(directory, 'apt-get'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    await expect(locate()).rejects.toThrow(
      /^cannot download redis-tools, redis-server, .* with apt-get: E: no network$/,
    );
    expect(await readdir(join(directory, 'cache/accesskey-operator'))).toEqual([]);
  });
});
