import { z } from 'zod';

/** A proxy that signs users in, such as oauth2-proxy, see docs/single-sign-on.md. */
export const authenticatingProxy = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Whether a Kubernetes token in the Authorization header of a request from http.trustedProxies signs the user in.',
      ),
    signOutUrl: z
      .string()
      .max(2_048)
      .refine(isSignOutUrl, 'must be a path that starts with one /, or an http or https URL')
      .optional()
      .describe('Where users sign out at the proxy, for example /oauth2/sign_out; if unset, there is no "Sign out".'),
  })
  .prefault({});

/** A path must not start with two slashes, which browsers read as another host. */
function isSignOutUrl(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text)) return false;
  return /^\/(?![/\\])/.test(text) || (/^https?:\/\//.test(text) && URL.canParse(text));
}
