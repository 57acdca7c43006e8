import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { parse, YAMLError } from 'yaml';
import { type ClusterEntry, embeddedKubeconfig, type UserEntry } from './embedded-kubeconfig-schema.ts';
import { KubeconfigError } from './kubeconfig.ts';

/** Longest kubeconfig, bytes: one for a single cluster has a few kilobytes. */
export const maxKubeconfigBytes = 64 * 1024;

/**
 * Parses a kubeconfig from an untrusted source. Allows only a server and credentials that are embedded in the text.
 * Rejects whatever would run a program, read a file, use a proxy, skip TLS verification or impersonate a user, and
 * every unknown field. Only the current context is used.
 *
 * @returns a kubeconfig with these fields only
 * @throws KubeconfigError with the field and the rule, never with a value
 */
export function parseEmbeddedKubeconfig(text: string): KubeConfig {
  if (Buffer.byteLength(text) > maxKubeconfigBytes) {
    throw new KubeconfigError(`must not be larger than ${maxKubeconfigBytes / 1024} KiB`);
  }
  const { cluster, user } = currentOf(parseYaml(text));
  checkTls(cluster, user);
  return toKubeConfig(cluster, user);
}

/** The message of the YAML parser repeats the input, which may be a token, so only the line number is used. */
function parseYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    const line = error instanceof YAMLError ? error.linePos?.[0].line : undefined;
    throw new KubeconfigError(line === undefined ? 'is not YAML' : `is not YAML, see line ${line}`);
  }
}

function currentOf(document: unknown): { cluster: ClusterEntry; user: UserEntry } {
  const outer = embeddedKubeconfig.document.safeParse(document);
  if (!outer.success) throw toKubeconfigError('', outer.error.issues);
  const { contexts, clusters, users, 'current-context': current } = outer.data;
  const { cluster, user } = find(contexts, { name: current, field: 'contexts', referrer: 'current-context' }).context;
  return {
    cluster: validate(
      embeddedKubeconfig.cluster,
      find(clusters, { name: cluster, field: 'clusters', referrer: 'the context' }).cluster,
      'cluster',
    ),
    user: validate(
      embeddedKubeconfig.user,
      find(users, { name: user, field: 'users', referrer: 'the context' }).user,
      'user',
    ),
  };
}

interface Lookup {
  name: string;
  /** The list, for the message. */
  field: string;
  /** What refers to the entry, for the message. */
  referrer: string;
}

function find<T extends { name: string }>(entries: readonly T[], { name, field, referrer }: Lookup): T {
  const [entry, ...duplicates] = entries.filter((one) => one.name === name);
  if (!entry) throw new KubeconfigError(`${field}: no entry has the name in ${referrer}`);
  if (duplicates.length > 0) throw new KubeconfigError(`${field}: more than one entry has the name in ${referrer}`);
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

function validate<T>(schema: Schema<T>, value: unknown, part: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw toKubeconfigError(part, parsed.error.issues);
  return parsed.data;
}

/** Does not name an unknown field: in a malformed file its name may be a piece of a token. */
function toKubeconfigError(part: string, issues: readonly Issue[]): KubeconfigError {
  const issue = issues.find((one) => one.code !== 'unrecognized_keys') ?? issues[0];
  const path = [...(part === '' ? [] : [part]), ...(issue?.path ?? [])].join('.') || 'the document';
  const what = issue?.code === 'unrecognized_keys' ? 'has a field that is not allowed here' : issue?.message;
  return new KubeconfigError(`${path}: ${what}`);
}

function checkTls(cluster: ClusterEntry, user: UserEntry): void {
  const ca = decode(cluster['certificate-authority-data']);
  const cert = decode(user['client-certificate-data']);
  const key = decode(user['client-key-data']);
  try {
    if (ca !== undefined) new X509Certificate(ca);
  } catch {
    throw new KubeconfigError('cluster.certificate-authority-data: must be base64 of PEM certificates');
  }
  try {
    createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  } catch {
    throw new KubeconfigError(
      'user.client-certificate-data, user.client-key-data: must be base64 of a PEM certificate and its key',
    );
  }
}

function decode(data: string | undefined): Buffer | undefined {
  return data === undefined ? undefined : Buffer.from(data, 'base64');
}

function toKubeConfig(cluster: ClusterEntry, user: UserEntry): KubeConfig {
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
