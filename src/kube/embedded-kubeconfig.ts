import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { parse, YAMLError } from 'yaml';
import { embeddedKubeconfig, type TrustedCluster, type TrustedUser } from './embedded-kubeconfig-schema.ts';
import { KubeconfigError } from './kubeconfig.ts';

/** The longest text that is read, bytes: a kubeconfig of one cluster has some kilobytes. */
export const maxKubeconfigBytes = 64 * 1024;

/**
 * Reads a kubeconfig that somebody else wrote: only what names a server and proves who we are to it, all of it in the
 * text itself. Whatever would run a program, read a file, go by a proxy, trust any server or act as another user is
 * refused, and so is what is not known. Only the current context counts.
 *
 * @returns a kubeconfig that holds nothing but that
 * @throws KubeconfigError naming the field and the rule, never a value
 */
export function parseEmbeddedKubeconfig(text: string): KubeConfig {
  if (Buffer.byteLength(text) > maxKubeconfigBytes) {
    throw new KubeconfigError(`must not be larger than ${maxKubeconfigBytes / 1024} KiB`);
  }
  const { cluster, user } = currentOf(parseYaml(text));
  checkTls(cluster, user);
  return toKubeConfig(cluster, user);
}

/** The parser repeats in its message what it stumbled over, which may be a token: only the line is told. */
function parseYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    const line = error instanceof YAMLError ? error.linePos?.[0].line : undefined;
    throw new KubeconfigError(line === undefined ? 'is not YAML' : `is not YAML, see line ${line}`);
  }
}

function currentOf(document: unknown): { cluster: TrustedCluster; user: TrustedUser } {
  const outer = embeddedKubeconfig.document.safeParse(document);
  if (!outer.success) throw refusal('', outer.error.issues);
  const { contexts, clusters, users, 'current-context': current } = outer.data;
  const { cluster, user } = named(contexts, current, 'contexts', 'current-context').context;
  return {
    cluster: trusted(
      embeddedKubeconfig.cluster,
      named(clusters, cluster, 'clusters', 'the context').cluster,
      'cluster',
    ),
    user: trusted(embeddedKubeconfig.user, named(users, user, 'users', 'the context').user, 'user'),
  };
}

function named<T extends { name: string }>(entries: readonly T[], name: string, field: string, by: string): T {
  const found = entries.filter((one) => one.name === name);
  const [entry] = found;
  if (!entry) throw new KubeconfigError(`${field}: has no entry that ${by} names`);
  if (found.length > 1) throw new KubeconfigError(`${field}: has two entries that ${by} names`);
  return entry;
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly Issue[] } };
}

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function trusted<T>(schema: Schema<T>, value: unknown, part: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refusal(part, parsed.error.issues);
  return parsed.data;
}

/** A key that is not known is not named: where a line is broken it may be a piece of a token. */
function refusal(part: string, issues: readonly Issue[]): KubeconfigError {
  const issue = issues.find((one) => one.code !== 'unrecognized_keys') ?? issues[0];
  const path = [...(part === '' ? [] : [part]), ...(issue?.path ?? [])].join('.') || 'the document';
  const what = issue?.code === 'unrecognized_keys' ? 'has a field that is not allowed here' : issue?.message;
  return new KubeconfigError(`${path}: ${what}`);
}

function checkTls(cluster: TrustedCluster, user: TrustedUser): void {
  const ca = decode(cluster['certificate-authority-data']);
  const cert = decode(user['client-certificate-data']);
  const key = decode(user['client-key-data']);
  try {
    if (ca !== undefined) new X509Certificate(ca);
  } catch {
    throw new KubeconfigError('cluster.certificate-authority-data: must be certificates in PEM, in base64');
  }
  try {
    createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  } catch {
    throw new KubeconfigError('user.client-certificate-data, user.client-key-data: must be a pair in PEM, in base64');
  }
}

function decode(data: string | undefined): Buffer | undefined {
  return data === undefined ? undefined : Buffer.from(data, 'base64');
}

function toKubeConfig(cluster: TrustedCluster, user: TrustedUser): KubeConfig {
  const name = 'registered';
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromOptions({
    clusters: [
      {
        name,
        server: cluster.server.replace(/\/+$/, ''),
        caData: cluster['certificate-authority-data'],
        skipTLSVerify: false,
        tlsServerName: cluster['tls-server-name'],
      },
    ],
    users: [
      {
        name,
        token: user.token,
        certData: user['client-certificate-data'],
        keyData: user['client-key-data'],
      },
    ],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return kubeconfig;
}
