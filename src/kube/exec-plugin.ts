/** Gets credentials from the plug-in of a kubeconfig (`exec`), as client-go and in place of client-node. */
import { resolve, sep } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { execInfo, isInteractive, type Plugin } from './exec-info.ts';
import { failure, type PluginHost, runPlugin } from './exec-plugin-process.ts';

/** Name of the authenticator that replaces client-node's. */
const provider = 'accesskey-exec';

/** What a plug-in prints: an ExecCredential of client.authentication.k8s.io. */
interface ExecCredential {
  readonly status: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

/** As client-go: a command with a separator is a path, which can be relative to the kubeconfig; PATH has all others. */
export function resolveCommands(kubeconfig: KubeConfig, directory: string): void {
  for (const { exec } of kubeconfig.users ?? []) {
    const command: unknown = exec?.command;
    if (typeof command === 'string' && command.includes(sep)) exec.command = resolve(directory, command);
  }
}

/**
 * Runs the plug-in of the current user as the host allows. As in client-go, its credential is used until it expires, or for
 * as long as this kubeconfig is if it does not.
 *
 * @param readConfig reads the settings of the cluster for plug-ins, see `readExecConfig`; called only for a plug-in that
 * gets them, because all files are parsed for it
 */
export function useExecPlugin(kubeconfig: KubeConfig, host: PluginHost, readConfig: () => unknown): void {
  const user = kubeconfig.getCurrentUser();
  if (!user?.exec || user.authProvider) return;
  const plugin = user.exec as Plugin;
  const config = plugin.provideClusterInfo ? readConfig() : undefined;
  let cached: ExecCredential | undefined;
  // The fields of User are declared read-only. client-node's own authenticator takes precedence while `exec` is set.
  Object.assign(user, { exec: undefined, authProvider: { name: provider, config: {} } });
  kubeconfig.addAuthenticator({
    isAuthProvider: (one) => one.authProvider?.name === provider,
    async applyAuthentication(_, options) {
      if (!cached || hasExpired(cached)) {
        cached = await readCredential(plugin, host, { fields: kubeconfig.getCurrentCluster(), config });
      }
      const { token, clientCertificateData, clientKeyData } = cached.status;
      if (clientCertificateData) options.cert = clientCertificateData;
      if (clientKeyData) options.key = clientKeyData;
      if (token) options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
    },
  });
}

function hasExpired({ status: { expirationTimestamp } }: ExecCredential): boolean {
  return Boolean(expirationTimestamp) && !(Date.parse(expirationTimestamp ?? '') > Date.now());
}

async function readCredential(
  plugin: Plugin,
  host: PluginHost,
  cluster: Parameters<typeof execInfo>[1],
): Promise<ExecCredential> {
  const interactive = isInteractive(plugin, host.user?.hasTerminal ?? false);
  const own = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  const variables = { ...own, KUBERNETES_EXEC_INFO: await execInfo(plugin, cluster, interactive) };
  return parse(await runPlugin(plugin, host, { interactive, variables }), plugin);
}

/** @throws Error without the output, which may be a token */
function parse(output: string, plugin: Plugin): ExecCredential {
  try {
    const credential = JSON.parse(output) as Partial<ExecCredential> | null;
    if (typeof credential?.status === 'object' && credential.status !== null) return credential as ExecCredential;
  } catch {
    // Reported below.
  }
  throw failure(plugin, 'did not print an ExecCredential');
}
