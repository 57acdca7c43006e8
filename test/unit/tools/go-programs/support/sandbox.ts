import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Creates a temporary folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), 'accesskey-operator-test-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a shell script. It must not use commands by name, because the tests change the PATH. */
export function writeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** Creates an environment for the locator with an empty cache and a PATH that contains only a fake go. */
export async function sandbox() {
  const root = await temporaryFolder();
  const programs = join(root, 'bin');
  mkdirSync(programs);
  const built = join(root, 'built');
  const goAhead = join(root, 'go-ahead');
  const parse = `while [ $# -gt 1 ]; do [ "$1" = -o ] && out=$2; shift; done; echo "$1" >> ${built}`;
  const write = `echo '#!/bin/sh' > "$out"; /bin/chmod 755 "$out"`;
  return {
    root,
    environment: { PATH: programs, HOME: root, XDG_CACHE_HOME: join(root, 'cache') },
    cacheRoot: join(root, 'cache', 'accesskey-operator', 'control-plane'),
    /** Installs a go that "builds" any program. */
    installGo: () => writeProgram(join(programs, 'go'), `${parse}; ${write}`),
    /** Installs a go that writes an incomplete program and then waits for finishBuild, or the end of the test. */
    installWaitingGo: () =>
      writeProgram(
        join(programs, 'go'),
        `${parse}; echo half > "$out"; while [ -e "$0" ] && [ ! -e ${goAhead} ]; do /bin/sleep 0.05; done; ${write}`,
      ),
    finishBuild: () => writeFileSync(goAhead, ''),
    /** Installs a go that fails for a package after it has written an incomplete program. */
    installFailingGo: (failing: string, message: string) =>
      writeProgram(
        join(programs, 'go'),
        `${parse}; case "$1" in *${failing}) echo half > "$out"; echo "${message}" >&2; exit 1;; esac; ${write}`,
      ),
    /** Returns the built packages in order. */
    built: () => (existsSync(built) ? readFileSync(built, 'utf8').trim().split('\n') : []),
  };
}
/** Options of expect.poll for a busy machine. */
export const patience = { timeout: 90_000 };
