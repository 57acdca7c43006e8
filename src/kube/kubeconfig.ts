import { accessSync, constants } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';

/** A kubeconfig that cannot be used. The message is one line: the file and what is wrong with it, never a value of it. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/**
 * Loads a kubeconfig file, or the in-cluster configuration when no file is named.
 *
 * @throws KubeconfigError when the file, or one that it names, cannot be read, or it names no usable cluster
 */
export function loadKubeconfig(file?: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  if (file === undefined) {
    kubeconfig.loadFromCluster();
    return kubeconfig;
  }
  try {
    kubeconfig.loadFromFile(file);
  } catch (error) {
    throw new KubeconfigError(`kubeconfig ${file}: ${describe(error)}`);
  }
  const problem = problemOf(kubeconfig);
  if (problem !== undefined) throw new KubeconfigError(`kubeconfig ${file}: ${problem}`);
  return kubeconfig;
}

/** The parser of YAML repeats in its message what it stumbled over, which may be a token: only the line is told. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'cannot be read';
  if (error.name !== 'YAMLException') return error.message.split('\n')[0] ?? '';
  const { mark } = error as { mark?: { line: number } };
  return mark ? `is not YAML, see line ${mark.line + 1}` : 'is not YAML';
}

function problemOf(kubeconfig: KubeConfig): string | undefined {
  const context = kubeconfig.getCurrentContext();
  if (!context) return 'current-context is not set';
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster?.server) return `context ${context.replace(/\s+/g, ' ')} names no cluster with a server`;
  if (cluster.proxyUrl) return 'proxy-url is not supported';
  return problemOfServer(cluster.server) ?? problemOfFiles(kubeconfig);
}

function problemOfServer(server: string): string | undefined {
  const url = URL.parse(server);
  if (!url) return 'server is not a URL';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'server is not an http or https URL';
  // It would stand in every message about the server.
  if (url.username !== '' || url.password !== '') return 'server must not hold a user or a password';
  return undefined;
}

function problemOfFiles(kubeconfig: KubeConfig): string | undefined {
  const cluster = kubeconfig.getCurrentCluster();
  const user = kubeconfig.getCurrentUser();
  const files = {
    'certificate-authority': cluster?.caFile,
    'client-certificate': user?.certFile,
    'client-key': user?.keyFile,
  };
  for (const [field, path] of Object.entries(files)) {
    try {
      if (path) accessSync(path, constants.R_OK);
    } catch (error) {
      return `${field}: ${describe(error)}`;
    }
  }
  return undefined;
}
