/** The challenges of the 401 responses of the console (RFC 9110 section 15.5.2). Browsers show no dialog for them. */
import type { Context } from 'hono';

const challenges = {
  /** A key pair or token in the form of the sign-in page. */
  signIn: 'AccessKey realm="console"',
  /** A Kubernetes token that an authenticating proxy sends (RFC 6750 section 3). */
  proxyToken: 'Bearer realm="console", error="invalid_token"',
} as const;

/** Adds the challenge to a 401 response. */
export function challenge(context: Context, method: keyof typeof challenges): void {
  context.header('WWW-Authenticate', challenges[method]);
}
