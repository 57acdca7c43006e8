/** Runs the credential plug-in of a kubeconfig (`exec`), with a time limit that client-node does not have. */
import { spawn } from 'node:child_process';
import type { KubeConfig } from '@kubernetes/client-node';
import { killGroup } from './process-group.ts';

/** Time limit of a plug-in, milliseconds: as of a call. */
const limitMs = 30_000;
/** Longest output and longest error text of a plug-in, characters. */
const maxOutputLength = 1024 * 1024;
const maxErrorLength = 2_000;
/** Name of the authenticator that replaces client-node's. */
const provider = 'accesskey-exec';

/** `exec` of a kubeconfig's user. */
interface Plugin {
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
}

/** What is needed of this process to run plug-ins. */
export interface PluginHost {
  /** Environment that a plug-in inherits. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly kill: (pid: number, signal: NodeJS.Signals) => void;
}

/** What a plug-in prints: an ExecCredential of client.authentication.k8s.io. */
interface ExecCredential {
  readonly status: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

/**
 * Lets the plug-in of the current user run for a limited time; then all its processes are killed. As in client-go, its
 * credential is used until it expires, or for as long as this kubeconfig is if it does not.
 */
export function limitExecPlugin(kubeconfig: KubeConfig, host: PluginHost): void {
  const user = kubeconfig.getCurrentUser();
  if (!user?.exec || user.authProvider) return;
  const plugin = user.exec as Plugin;
  let cached: ExecCredential | undefined;
  // The fields of User are declared read-only. client-node's own authenticator takes precedence while `exec` is set.
  Object.assign(user, { exec: undefined, authProvider: { name: provider, config: {} } });
  kubeconfig.addAuthenticator({
    isAuthProvider: (one) => one.authProvider?.name === provider,
    async applyAuthentication(_, options) {
      if (!cached || hasExpired(cached)) cached = parse(await run(plugin, host), plugin);
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

/**
 * Runs a plug-in in a process group of its own, so that all its processes can be killed.
 *
 * @returns its output
 */
function run(plugin: Plugin, { environment, kill }: PluginHost): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const added = Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value]));
  const env = { ...environment, ...added };
  const child = spawn(plugin.command, [...(plugin.args ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let errors = '';
  let killed: string | undefined;

  function abandon(problem: string): void {
    killed ??= problem;
    killGroup(child.pid, kill);
    // A process that left the group may keep them open, and the plug-in would never count as ended.
    child.stdout.destroy();
    child.stderr.destroy();
  }

  const timer = setTimeout(() => abandon(`did not end within ${limitMs / 1000} s`), limitMs);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.length > maxOutputLength) abandon(`printed more than ${maxOutputLength} characters`);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-maxErrorLength);
  });
  child.on('error', reject);
  child.on('close', (code, signal) => {
    clearTimeout(timer);
    if (killed !== undefined) reject(failure(plugin, killed));
    else if (code === 0) resolve(output);
    else reject(failure(plugin, `ended with ${code === null ? signal : `exit code ${code}`}: ${errors.trim()}`));
  });
  return promise;
}

function failure({ command }: Plugin, problem: string): Error {
  return new Error(`credential plug-in ${command} ${problem}`);
}
