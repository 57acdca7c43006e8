import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { problemOfTokenFile, problemOfUser, readUserFields, useTokenFile } from './kubeconfig-user.ts';

/**
 * A kubeconfig that cannot be used. The message is one line with the file and the problem, and never contains a value.
 */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
}

/**
 * Loads a kubeconfig file, or the in-cluster configuration if no file is set.
 *
 * @throws KubeconfigError if the file, or one that it references, cannot be read, or its current context is not usable
 */
export function loadKubeconfig(file?: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  if (file === undefined) {
    kubeconfig.loadFromCluster();
    return kubeconfig;
  }
  const fields = loadFile(kubeconfig, file);
  const problem = problemOf(kubeconfig) ?? problemOfUser(kubeconfig, fields) ?? problemOfTokenFile(kubeconfig);
  if (problem !== undefined) throw new KubeconfigError(`kubeconfig ${file}: ${problem}`);
  return kubeconfig;
}

/** @returns the fields of the user of the current context; undefined if there is none */
function loadFile(kubeconfig: KubeConfig, file: string): ReturnType<typeof readUserFields> {
  try {
    const text = readFileSync(file, 'utf8');
    kubeconfig.loadFromString(text);
    kubeconfig.makePathsAbsolute(dirname(file));
    const fields = readUserFields(kubeconfig, text);
    if (fields) useTokenFile(kubeconfig, fields, dirname(file));
    return fields;
  } catch (error) {
    throw new KubeconfigError(`kubeconfig ${file}: ${describe(error)}`);
  }
}

/** The message of the YAML parser repeats the input, which may be a token, so only the line number is used. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'cannot be read';
  if (!error.name.startsWith('YAML')) return error.message.split('\n')[0] ?? '';
  const { mark } = error as { mark?: { line: number } };
  return mark ? `is not YAML, see line ${mark.line + 1}` : 'is not YAML';
}

function problemOf(kubeconfig: KubeConfig): string | undefined {
  const context = kubeconfig.getCurrentContext();
  if (!context) return 'current-context is not set';
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster?.server) return `context ${context.replace(/\s+/g, ' ')} has no cluster with a server`;
  if (cluster.proxyUrl) return 'proxy-url is not supported';
  return problemOfServer(cluster.server) ?? problemOfFiles(kubeconfig);
}

function problemOfServer(server: string): string | undefined {
  const url = URL.parse(server);
  if (!url) return 'server is not a URL';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'server is not an http or https URL';
  // Every message about the server would contain them.
  if (url.username !== '' || url.password !== '') return 'server must not contain a user name or a password';
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
