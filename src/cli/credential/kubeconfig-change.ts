/** Decides which kubeconfig file `login` changes, and how (pure). */
import { TokenError } from '../token/token-error.ts';
import type { ExecEntry } from './exec-entry.ts';
import {
  type ContextFields,
  clusterOf,
  currentContext,
  hasEntry,
  type KubeconfigText,
  pluginArguments,
  removeUser,
  setContext,
  setCurrentContext,
  setUser,
  userOf,
} from './kubeconfig-edit.ts';

export interface KubeconfigChange {
  readonly user: string;
  readonly exec: ExecEntry;
  /** Name and fields of a context for the user; undefined: none. */
  readonly context?: { readonly name: string; readonly fields: ContextFields } | undefined;
  /** Make it the current context. */
  readonly use: boolean;
  /** Replace a user with other credentials, and a context of another user. */
  readonly force: boolean;
}

/**
 * Applies a change as `kubectl config` does: an existing entry in the file that has it, new entries and the current context
 * in the default file.
 *
 * @param files in the order of KUBECONFIG; the first file with an entry counts
 * @param target the default file, one of `files`
 * @returns the changed files
 * @throws TokenError if the user or the context has another purpose
 */
export function applyChange(
  files: readonly KubeconfigText[],
  target: KubeconfigText,
  { user, exec, context, use, force }: KubeconfigChange,
): KubeconfigText[] {
  const userFile = files.find((one) => hasEntry(one, 'users', user));
  if (userFile && !pluginArguments(userFile, user)) {
    if (!force) throw otherPurpose(userFile, `the user ${user} has other credentials`, '--user');
    removeUser(userFile, user);
  }
  const changed = new Set([userFile ?? target]);
  setUser(userFile ?? target, user, exec);
  if (context) {
    const contextFile = files.find((one) => hasEntry(one, 'contexts', context.name));
    if (contextFile && !force && userOf(contextFile, context.name) !== user) {
      throw otherPurpose(contextFile, `the context ${context.name} belongs to another user`, '--new-context');
    }
    setContext(contextFile ?? target, context.name, context.fields);
    changed.add(contextFile ?? target);
  }
  if (context && use) {
    setCurrentContext(target, context.name);
    changed.add(target);
  }
  return [...changed];
}

function otherPurpose({ file }: KubeconfigText, problem: string, flag: string): TokenError {
  const hint = `Choose another name with ${flag}, or replace it with --force.`;
  return new TokenError('usage', `kubeconfig ${file}: ${problem}`, { hint });
}

/** @returns the current context: that of the first file that sets one */
export function currentContextOf(files: readonly KubeconfigText[]): string | undefined {
  return files.map(currentContext).find((name) => name !== undefined);
}

/** @returns the cluster of a context in the first file that has it */
export function clusterOfContext(files: readonly KubeconfigText[], context: string): string | undefined {
  const file = files.find((one) => hasEntry(one, 'contexts', context));
  return file && clusterOf(file, context);
}

/** @throws TokenError if no file has the cluster */
export function requireCluster(files: readonly KubeconfigText[], cluster: string): void {
  if (files.some((one) => hasEntry(one, 'clusters', cluster))) return;
  const hint = 'kubectl config get-clusters lists the clusters.';
  throw new TokenError('usage', `--cluster: the kubeconfig has no cluster ${cluster}`, { hint });
}

/** @returns the arguments that `login` wrote for the user of a context; undefined for another user */
export function argumentsOfLogin(files: readonly KubeconfigText[], context: string): string[] | undefined {
  const contextFile = files.find((one) => hasEntry(one, 'contexts', context));
  const user = contextFile && userOf(contextFile, context);
  const userFile = files.find((one) => user !== undefined && hasEntry(one, 'users', user));
  return userFile && user !== undefined ? pluginArguments(userFile, user) : undefined;
}
