/** Finds the token server of an earlier login. */
import type { ClusterFlags } from '../common/cluster.ts';
import type { CliContext } from '../common/context.ts';
import { kubeconfigPaths } from '../common/kubeconfig-paths.ts';
import { argumentsOfLogin, currentContextOf } from './kubeconfig-change.ts';
import { readKubeconfigs } from './kubeconfig-files.ts';

/** @returns the server in the exec entry of the user of the context; undefined if `login` did not write this user */
export async function serverOfLogin(
  { env, home }: CliContext,
  { kubeconfig, context }: ClusterFlags,
): Promise<{ server: string; allowPlainHTTP: boolean } | undefined> {
  const files = await readKubeconfigs(kubeconfigPaths(kubeconfig, env, home));
  const name = context || currentContextOf(files);
  const args = name === undefined ? undefined : argumentsOfLogin(files, name);
  const prefix = '--server=';
  const server = args?.find((one) => one.startsWith(prefix))?.slice(prefix.length);
  return server === undefined ? undefined : { server, allowPlainHTTP: args?.includes('--allow-plain-http') === true };
}
