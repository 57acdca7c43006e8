/** The protocol between kubectl and its exec plugins, client.authentication.k8s.io/v1 (pure). */
import type { IssuedToken } from '../token/response.ts';
import { TokenError } from '../token/token-error.ts';

export const execVersion = 'client.authentication.k8s.io/v1';
/** Variable with which kubectl passes an ExecCredential to the plugin. */
export const execInfoVariable = 'KUBERNETES_EXEC_INFO';

/**
 * Checks that the caller, if it is kubectl or client-go, expects the version that this plugin responds with.
 *
 * @throws TokenError
 */
export function checkExecInfo(text: string | undefined): void {
  if (!text) return;
  const { kind, apiVersion } = parse(text);
  if (kind !== 'ExecCredential') {
    throw new TokenError('usage', `${execInfoVariable}: not an ExecCredential`);
  }
  if (apiVersion !== execVersion) {
    throw new TokenError('usage', `${execInfoVariable}: version ${apiVersion} is not supported`, {
      hint: `Set apiVersion of the exec entry in the kubeconfig to ${execVersion}, or run \`kubectl accesskey login\` again.`,
    });
  }
}

function parse(text: string): { kind?: string; apiVersion?: string } {
  try {
    return (JSON.parse(text) ?? {}) as { kind?: string; apiVersion?: string };
  } catch {
    return {};
  }
}

/** @returns the JSON of an ExecCredential; its consumer asks again after the expiry */
export function formatExecCredential({ token, expiresAt }: IssuedToken): string {
  const expirationTimestamp = `${new Date(expiresAt).toISOString().slice(0, 19)}Z`;
  const status = { token, expirationTimestamp };
  return `${JSON.stringify({ apiVersion: execVersion, kind: 'ExecCredential', status })}\n`;
}
