/** What a credential plug-in learns about its caller: the variable KUBERNETES_EXEC_INFO, as client-go sets it. */
import { readFile } from 'node:fs/promises';
import type { Cluster, KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

/** `exec` of a kubeconfig's user. */
export interface Plugin {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly interactiveMode?: 'Never' | 'IfAvailable' | 'Always';
  readonly provideClusterInfo?: boolean;
  /** What to do if the program is missing. */
  readonly installHint?: string;
}

/** Name of the extension of a cluster that is meant for plug-ins. */
const extensionName = 'client.authentication.k8s.io/exec';

/**
 * @param hasTerminal whether standard input is a terminal
 * @returns whether the plug-in gets standard input
 * @throws Error if it cannot do without
 */
export function isInteractive({ command, interactiveMode }: Plugin, hasTerminal: boolean): boolean {
  if (interactiveMode === 'Always' && !hasTerminal) {
    throw new Error(`credential plug-in ${command} requires input, and standard input is not a terminal`);
  }
  return interactiveMode !== 'Never' && hasTerminal;
}

/**
 * @param cluster for a plug-in with `provideClusterInfo`
 * @returns the ExecCredential in the variable
 * @throws Error if the file of the certificate authority cannot be read
 */
export async function execInfo(
  { apiVersion, provideClusterInfo }: Plugin,
  cluster: { readonly fields: Cluster | null; readonly config: unknown },
  interactive: boolean,
): Promise<string> {
  const info = provideClusterInfo && cluster.fields ? await clusterInfo(cluster.fields, cluster.config) : undefined;
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec: { cluster: info, interactive } });
}

async function clusterInfo(cluster: Cluster, config: unknown): Promise<object> {
  const { server, tlsServerName, skipTLSVerify, caData, caFile, proxyUrl } = cluster;
  return {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify || undefined,
    'certificate-authority-data': caData ?? (caFile ? await readFile(caFile, 'base64') : undefined),
    'proxy-url': proxyUrl,
    config,
  };
}

interface ClusterEntry {
  name?: unknown;
  cluster?: { extensions?: { name?: unknown; extension?: unknown }[] | null } | null;
}

/**
 * Finds the settings for plug-ins in the entry of the current cluster; client-node does not know them.
 *
 * @param texts of the kubeconfig files; the first one with the cluster counts
 */
export function readExecConfig(kubeconfig: KubeConfig, texts: readonly string[]): unknown {
  const name = kubeconfig.getCurrentCluster()?.name;
  const entries = texts.flatMap((text) => {
    const { clusters } = (parse(text, { logLevel: 'silent' }) ?? {}) as { clusters?: ClusterEntry[] | null };
    return clusters ?? [];
  });
  const extensions = entries.find((one) => one?.name === name)?.cluster?.extensions;
  return extensions?.find((one) => one?.name === extensionName)?.extension;
}
