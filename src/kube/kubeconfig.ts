import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { readExecConfig } from './exec-info.ts';
import { resolveCommands, useExecPlugin } from './exec-plugin.ts';
import type { PluginHost } from './exec-plugin-process.ts';
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
 * @param host runs a credential plug-in; if unset, client-node runs it
 * @throws KubeconfigError if the file, or one that it references, cannot be read, or its current context is not usable
 */
export function loadKubeconfig(file?: string, host?: PluginHost): KubeConfig {
  if (file !== undefined) return loadKubeconfigFiles([file], { host });
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromCluster();
  return kubeconfig;
}

export interface LoadOptions {
  /** Used instead of the current context. */
  readonly context?: string | undefined;
  /** As for `loadKubeconfig`. */
  readonly host?: PluginHost | undefined;
  /** Whether `proxy-url` is supported. Default: false. */
  readonly allowsProxy?: boolean;
}

/**
 * Loads kubeconfig files merged as kubectl does: of several entries with one name, the first is used.
 *
 * @throws KubeconfigError as `loadKubeconfig`
 */
export function loadKubeconfigFiles(
  files: readonly string[],
  { context, host, allowsProxy = false }: LoadOptions = {},
): KubeConfig {
  const parts = files.map(readKubeconfigFile);
  const kubeconfig = merge(parts.map((one) => one.kubeconfig));
  if (context !== undefined) kubeconfig.setCurrentContext(context);
  const fields = userFieldsOf(kubeconfig, parts);
  const problem =
    problemOf(kubeconfig, allowsProxy) ?? problemOfUser(kubeconfig, fields) ?? problemOfTokenFile(kubeconfig);
  if (problem !== undefined) throw new KubeconfigError(`kubeconfig ${files.join(delimiter)}: ${problem}`);
  const texts = parts.map(({ text }) => text);
  if (host) useExecPlugin(kubeconfig, host, () => readExecConfig(kubeconfig, texts));
  return kubeconfig;
}

interface KubeconfigFile {
  file: string;
  text: string;
  kubeconfig: KubeConfig;
}

function readKubeconfigFile(file: string): KubeconfigFile {
  const kubeconfig = new KubeConfig();
  return explained(file, () => {
    const text = readFileSync(file, 'utf8');
    if (text.trim() !== '') kubeconfig.loadFromString(text);
    kubeconfig.makePathsAbsolute(dirname(file));
    resolveCommands(kubeconfig, dirname(file));
    return { file, text, kubeconfig };
  });
}

function merge(parts: readonly KubeConfig[]): KubeConfig {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const merged = new KubeConfig();
  const currentContext = parts.map((one) => one.currentContext).find(Boolean) ?? '';
  const [clusters, users, contexts] = (['clusters', 'users', 'contexts'] as const).map((field) =>
    firstOfEachName(parts.flatMap((one): { name: string }[] => one[field] ?? [])),
  );
  merged.loadFromOptions({ clusters, users, contexts, currentContext });
  return merged;
}

function firstOfEachName(entries: readonly { name: string }[]): { name: string }[] {
  return entries.filter(({ name }, index) => entries.findIndex((one) => one.name === name) === index);
}

/** @returns the fields of the user of the current context, and prepares its `tokenFile`; undefined if there is none */
function userFieldsOf(kubeconfig: KubeConfig, parts: readonly KubeconfigFile[]): ReturnType<typeof readUserFields> {
  for (const { file, text } of parts) {
    const fields = explained(file, () => readUserFields(kubeconfig, text));
    if (!fields) continue;
    explained(file, () => useTokenFile(kubeconfig, fields, dirname(file)));
    return fields;
  }
  return undefined;
}

/** @throws KubeconfigError that names the file, for any error */
function explained<T>(file: string, action: () => T): T {
  try {
    return action();
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

function problemOf(kubeconfig: KubeConfig, allowsProxy: boolean): string | undefined {
  const context = kubeconfig.getCurrentContext();
  if (!context) return 'current-context is not set';
  if (!kubeconfig.getContextObject(context)) return `context ${context.replace(/\s+/g, ' ')} does not exist`;
  const cluster = kubeconfig.getCurrentCluster();
  if (!cluster?.server) return `context ${context.replace(/\s+/g, ' ')} has no cluster with a server`;
  if (cluster.proxyUrl && !allowsProxy) return 'proxy-url is not supported';
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
