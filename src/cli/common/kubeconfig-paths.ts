import { delimiter, join } from 'node:path';
import type { Environment } from '../token/source.ts';

/**
 * As kubectl, an empty flag or variable counts as unset.
 *
 * @returns the files of `--kubeconfig`, KUBECONFIG or the default, which need not exist
 */
export function kubeconfigPaths(flag: string | undefined, env: Environment, home: string): string[] {
  if (flag) return [flag];
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter(Boolean);
  return listed.length > 0 ? listed : [join(home, '.kube', 'config')];
}
