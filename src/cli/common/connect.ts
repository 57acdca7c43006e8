import { existsSync } from 'node:fs';
import type { KubeConfig } from '@kubernetes/client-node';
import { createKubernetesClient } from '../../kube/client.ts';
import type { PluginHost } from '../../kube/exec-plugin-process.ts';
import { KubeconfigError, loadKubeconfig, loadKubeconfigFiles } from '../../kube/kubeconfig.ts';
import { createTransport, type Transport } from '../../kube/transport.ts';
import type { Cluster, ClusterFlags } from './cluster.ts';
import type { CliContext, ConnectOptions } from './context.ts';
import { proxyFor } from './environment-proxy.ts';
import { CliError } from './failure.ts';
import { kubeconfigPaths } from './kubeconfig-paths.ts';

type Process = Pick<CliContext, 'env' | 'home' | 'version' | 'signal' | 'kill' | 'stdinIsTerminal'>;

/**
 * Connects to the cluster of the user's kubeconfig. No request is sent yet. All requests end when the signal of the process
 * aborts.
 *
 * @throws KubeconfigError if the kubeconfig is not usable
 * @throws CliError for an invalid flag
 */
export function connect(flags: ClusterFlags, process: Process, options: ConnectOptions = {}): Cluster {
  const host = pluginHostOf(process, options);
  const load = () => loadOf(flags, process, host);
  const kubeconfig = load();
  const ofContext = kubeconfig.getContextObject(kubeconfig.currentContext)?.namespace;
  // Errors repeat what the user has entered; no command sends the content of a Secret.
  const plain = createTransport(load, `kubectl-accesskey/${process.version}`, { repeatsValues: true });
  const transport = withFlags(plain, flags, process.signal);
  return {
    client: createKubernetesClient(transport),
    transport,
    tlsServerName: kubeconfig.getCurrentCluster()?.tlsServerName,
    namespace: flags.namespace ?? ofContext ?? 'default',
    contexts: kubeconfig.getContexts().map(({ name }) => name),
    close: () => transport.close(),
  };
}

function pluginHostOf(process: Process, { background = false }: ConnectOptions): PluginHost {
  const { env: environment, kill, stdinIsTerminal: hasTerminal, signal } = process;
  return { environment, kill, ...(!background && { user: { hasTerminal, signal } }) };
}

function loadOf(flags: ClusterFlags, process: Process, host: PluginHost): KubeConfig {
  const kubeconfig = readKubeconfig(flags, process, host);
  const current = kubeconfig.getCurrentCluster();
  if (!current) return kubeconfig;
  const { tlsServerName } = flags;
  const proxyUrl = current.proxyUrl || proxyFor(current.server, process.env);
  if (proxyUrl !== undefined) requireProxy(proxyUrl);
  // As kubectl: an empty name counts as unset.
  const changes = { ...(tlsServerName && { tlsServerName }), ...(proxyUrl !== undefined && { proxyUrl }) };
  kubeconfig.clusters = kubeconfig.clusters.map((one) => (one === current ? { ...one, ...changes } : one));
  return kubeconfig;
}

/** The message does not contain the URL, which can have a password. */
function requireProxy(url: string): void {
  if (['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '')) return;
  throw new CliError('the proxy for the API server is not an http or https URL', {
    hint: 'It is proxy-url of the kubeconfig, or HTTPS_PROXY or HTTP_PROXY.',
  });
}

function readKubeconfig({ kubeconfig, context }: ClusterFlags, process: Process, host: PluginHost): KubeConfig {
  const paths = kubeconfigPaths(kubeconfig, process.env, process.home);
  // As kubectl: the file of the flag must exist; of those in KUBECONFIG, files that do not exist are ignored.
  const files = kubeconfig ? paths : paths.filter((file) => existsSync(file));
  if (files.length > 0) return loadKubeconfigFiles(files, { context: context || undefined, host, allowsProxy: true });
  if (process.env.KUBERNETES_SERVICE_HOST) return loadKubeconfig();
  throw new KubeconfigError('no kubeconfig found; set --kubeconfig or KUBECONFIG');
}

function withFlags(
  transport: Transport,
  { as, asGroup = [], requestTimeout }: ClusterFlags,
  signal: AbortSignal,
): Transport {
  if (!as && asGroup.length > 0) throw new CliError('--as-group requires --as');
  const impersonation = as ? { 'impersonate-user': as } : {};
  const groups = asGroup.length > 0 && { 'impersonate-group': asGroup };
  return {
    ...transport,
    send: (request) =>
      transport.send({
        ...request,
        headers: { ...request.headers, ...impersonation, ...groups },
        ...(requestTimeout !== undefined && { timeoutMs: requestTimeout }),
        signal: request.signal ? AbortSignal.any([request.signal, signal]) : signal,
      }),
  };
}
