import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../tools/run-command.ts';

/** The root folder of the repository. */
export const repository = join(import.meta.dirname, '../..');

/** A commit to upgrade from as long as there is no release. Its pods stop without interrupting a request. */
const commitBeforeRelease = 'dc7fad4a09864ccc3579e30876f8c7cc6a00ae7b';

/**
 * Writes the sources of the version to upgrade from: the latest release before this commit (a tag v*), or a fixed commit
 * if there is no release.
 *
 * @param directory created by this function
 * @returns the revision, or undefined in a clone without that history
 */
export async function writePrevious(directory: string): Promise<string | undefined> {
  const revision = await previousRevision();
  if (revision === undefined) return undefined;
  await mkdir(directory, { recursive: true });
  const archive = join(directory, 'sources.tar');
  await git('archive', '--format=tar', `--output=${archive}`, revision);
  await run('tar', ['-C', directory, '-xf', archive]);
  return revision;
}

async function previousRevision(): Promise<string | undefined> {
  const release = await git('describe', '--tags', '--match', 'v*', '--abbrev=0', 'HEAD^').catch(() => '');
  if (release !== '') return release;
  return git('rev-parse', '--verify', '--quiet', `${commitBeforeRelease}^{commit}`).catch(() => undefined);
}

async function git(...args: string[]): Promise<string> {
  return (await run('git', args, { cwd: repository })).trim();
}
