import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A temporary folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), 'accesskey-operator-test-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a program for /bin/sh, which may use no command by name: PATH is what is being tested. */
export function writeProgram(path: string, script: string): void {
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

/** A machine of its own for the locator: an empty cache, and a PATH with nothing on it but a stand-in for go. */
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
    /** Puts a go on the PATH that "builds" anything. */
    installGo: () => writeProgram(join(programs, 'go'), `${parse}; ${write}`),
    /** Puts a go on the PATH that writes half a program and then waits for letGo, or the end of the test. */
    installWaitingGo: () =>
      writeProgram(
        join(programs, 'go'),
        `${parse}; echo half > "$out"; while [ -e "$0" ] && [ ! -e ${goAhead} ]; do /bin/sleep 0.05; done; ${write}`,
      ),
    letGo: () => writeFileSync(goAhead, ''),
    /** Puts a go on the PATH that fails at a package, after it has written half a program. */
    installFailingGo: (failing: string, message: string) =>
      writeProgram(
        join(programs, 'go'),
        `${parse}; case "$1" in *${failing}) echo half > "$out"; echo "${message}" >&2; exit 1;; esac; ${write}`,
      ),
    /** The packages that have been built, in order. */
    built: () => (existsSync(built) ? readFileSync(built, 'utf8').trim().split('\n') : []),
  };
}
/** For expect.poll: how long to wait at most, on a busy machine. */
export const patience = { timeout: 20_000 };
