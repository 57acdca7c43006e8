/** The cluster that a command works with, and the flags that select it. */
import { type Command, InvalidArgumentError } from 'commander';
import type { KubernetesClient } from '../../kube/client.ts';
import { isDnsLabel } from '../../kube/names.ts';
import type { Transport } from '../../kube/transport.ts';
import { parseRequestTimeout } from './duration.ts';

/** Flags of every command, named as those of kubectl. */
export interface ClusterFlags {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  as?: string;
  asGroup?: string[];
  tlsServerName?: string;
  /** Milliseconds; 0 for no limit. */
  requestTimeout?: number;
}

/** A connection to the API server with the permissions of the user. */
export interface Cluster {
  readonly client: KubernetesClient;
  /** For watches. */
  readonly transport: Transport;
  /** Name in the certificate of the API server, of the flag or the kubeconfig; undefined: the host of its URL. */
  readonly tlsServerName?: string | undefined;
  /** Of the flag, of the context or `default`. */
  readonly namespace: string;
  /** Names of the contexts of the kubeconfig. */
  readonly contexts: readonly string[];
  close(): Promise<void>;
}

/** Adds the flags of `ClusterFlags` to the program; commands read them with `optsWithGlobals`. */
export function addClusterFlags(program: Command): Command {
  return program
    .option('-n, --namespace <name>', 'namespace (default: that of the context)', parseOptionalNamespace)
    .option('--kubeconfig <file>', 'kubeconfig (default: $KUBECONFIG, or .kube/config in the home directory)')
    .option('--context <name>', 'context of the kubeconfig (default: the current context)')
    .option(
      '--tls-server-name <name>',
      'name that the certificate of the API server must have (default: that of the kubeconfig, or the host of its URL)',
    )
    .option('--as <user>', 'user to impersonate')
    .option('--as-group <group>', 'group to impersonate; may be repeated', appendTo)
    .option(
      '--request-timeout <duration>',
      'time limit of a request to the API server, such as 30s; 0 for none (default: 30s)',
      parseRequestTimeout,
    );
}

/** Parser of a flag with the name of a namespace. @throws InvalidArgumentError */
export function parseNamespace(name: string): string {
  if (isDnsLabel(name)) return name;
  throw new InvalidArgumentError('Must be the name of a namespace.');
}

/** As kubectl: an empty name counts as unset. */
function parseOptionalNamespace(name: string): string | undefined {
  return name === '' ? undefined : parseNamespace(name);
}

/** Parser of a flag that may be repeated. */
export function appendTo(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

/** Connects, runs an action, and closes the connection also if the action fails. */
export async function withCluster<T>(
  { connect }: { connect(flags: ClusterFlags): Promise<Cluster> },
  flags: ClusterFlags,
  action: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await connect(flags);
  try {
    return await action(cluster);
  } finally {
    await cluster.close();
  }
}
