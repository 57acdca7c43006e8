/** A git repository for GitOps tools: a folder whose commits are served over HTTP. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { run } from '../run-command.ts';
import { gitEnvironment, startGitServer } from './git-server.ts';

/** Content by path: a text, or objects that are written as YAML. `undefined` removes the file or folder. */
export type Files = Readonly<Record<string, string | object | readonly object[] | undefined>>;

export interface Repository {
  readonly url: string;
  readonly branch: string;
  /** The folder with the files, for content that commit() should add. */
  readonly directory: string;
  /** Writes files and commits everything in the folder. @returns the revision, also if nothing has changed */
  commit(files: Files): Promise<string>;
  /** Commits the opposite of the latest commit. @returns the revision */
  revert(): Promise<string>;
  /** Returns the latest commit as an archive (.tar.gz). */
  archive(): Promise<{ readonly revision: string; readonly content: Buffer }>;
  /** Stops the server. The files stay. */
  stop(): Promise<void>;
}

const branch = 'main';
const author = { GIT_AUTHOR_NAME: 'test', GIT_AUTHOR_EMAIL: 'test@example.org' };
const committer = { GIT_COMMITTER_NAME: 'test', GIT_COMMITTER_EMAIL: 'test@example.org' };

/** Creates an empty repository below a folder and serves it. */
export async function createRepository(parent: string): Promise<Repository> {
  const directory = join(parent, 'tree');
  const env = { ...gitEnvironment, ...author, ...committer };
  const git = async (...args: string[]) => (await run('git', args, { cwd: directory, env })).trim();
  await mkdir(directory, { recursive: true });
  const server = await startGitServer(parent);
  await git('init', '--quiet', `--initial-branch=${branch}`, `--separate-git-dir=${join(parent, 'platform.git')}`);
  return {
    url: `${server.url}/platform.git`,
    branch,
    directory,
    async commit(files) {
      for (const [path, content] of Object.entries(files)) await writeContent(join(directory, path), content);
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message=Change');
      return git('rev-parse', 'HEAD');
    },
    async revert() {
      await git('revert', '--no-edit', 'HEAD');
      return git('rev-parse', 'HEAD');
    },
    async archive() {
      const file = join(parent, 'archive.tar.gz');
      await git('archive', '--format=tar.gz', `--output=${file}`, 'HEAD');
      return { revision: await git('rev-parse', 'HEAD'), content: await readFile(file) };
    },
    stop: server.stop,
  };
}

async function writeContent(path: string, content: Files[string]): Promise<void> {
  if (content === undefined) return rm(path, { recursive: true });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, textOf(content));
}

/** Returns a text unchanged, and objects as YAML documents. */
export function textOf(content: string | object | readonly object[]): string {
  if (typeof content === 'string') return content;
  const objects = Array.isArray(content) ? content : [content];
  return objects.map((object) => stringify(object)).join('---\n');
}
