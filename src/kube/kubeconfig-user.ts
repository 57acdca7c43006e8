/** The credentials in a kubeconfig file: the standard fields that client-node does not know, and what is missing. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { parse } from 'yaml';

type Fields = Readonly<Record<string, unknown>>;

/** Standard fields of `users[].user` that would be ignored, so that requests would be sent as another user. */
const unsupported = ['as-uid', 'as-groups', 'as-user-extra'];
/** Plug-ins that client-node has. */
const authProviders = new Set(['azure', 'gcp', 'oidc']);
/** Name of the plug-in that reads `tokenFile`. */
const tokenFileProvider = 'accesskey-token-file';

/** @returns the fields of the user of the current context; undefined if there is none */
export function readUserFields(kubeconfig: KubeConfig, text: string): Fields | undefined {
  const name = kubeconfig.getCurrentUser()?.name;
  const { users } = (parse(text, { logLevel: 'silent' }) ?? {}) as { users?: { name?: unknown; user?: unknown }[] };
  const user = users?.find((one) => one?.name === name)?.user;
  return typeof user === 'object' && user !== null ? (user as Fields) : undefined;
}

/**
 * Reads the token from `tokenFile` for each new session; client-node does not know this field. As in client-go, the
 * file takes precedence over `token`.
 *
 * @param directory of the kubeconfig; a relative path starts there
 */
export function useTokenFile(kubeconfig: KubeConfig, { tokenFile }: Fields, directory: string): void {
  const user = kubeconfig.getCurrentUser();
  if (!user || typeof tokenFile !== 'string' || tokenFile === '') return;
  const file = resolve(directory, tokenFile);
  // The fields of User are declared read-only.
  Object.assign(user, { authProvider: { name: tokenFileProvider, config: { file } }, token: undefined });
  kubeconfig.addAuthenticator({
    isAuthProvider: (one) => one.authProvider?.name === tokenFileProvider,
    async applyAuthentication(_, options) {
      options.headers = { ...options.headers, Authorization: `Bearer ${tokenOf(await readFile(file, 'utf8'))}` };
    },
  });
}

/** @throws Error if the text is not a token; the message does not contain it */
function tokenOf(text: string): string {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error('tokenFile does not contain a token');
  return token;
}

/** @returns what prevents the user of the current context from being authenticated; undefined if nothing does */
export function problemOfUser(kubeconfig: KubeConfig, fields: Fields | undefined): string | undefined {
  const user = kubeconfig.getCurrentUser();
  const field = unsupported.find((one) => fields?.[one] !== undefined);
  if (field !== undefined) return `${field} is not supported`;
  const provider = user?.authProvider?.name;
  if (provider !== undefined && provider !== tokenFileProvider && !authProviders.has(provider)) {
    return 'auth-provider is not supported, use exec';
  }
  if (Boolean(user?.certData || user?.certFile) !== Boolean(user?.keyData || user?.keyFile)) {
    return 'client-certificate and client-key must be set together';
  }
  // A server without TLS authenticates requests itself, as kubectl proxy does.
  const isSecure = URL.parse(kubeconfig.getCurrentCluster()?.server ?? '')?.protocol === 'https:';
  return isSecure && !hasCredentials(user) ? 'the user of the current context has no credentials' : undefined;
}

function hasCredentials(user: User | null): boolean {
  if (!user) return false;
  return Boolean(user.token || user.certData || user.certFile || user.exec || user.authProvider || user.username);
}

/** @returns why `tokenFile` cannot be used; undefined if it can */
export function problemOfTokenFile(kubeconfig: KubeConfig): string | undefined {
  const provider = kubeconfig.getCurrentUser()?.authProvider;
  if (provider?.name !== tokenFileProvider) return undefined;
  try {
    tokenOf(readFileSync(String(provider.config.file), 'utf8'));
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'cannot be read';
    return message.startsWith('tokenFile') ? message : `tokenFile: ${message}`;
  }
}
