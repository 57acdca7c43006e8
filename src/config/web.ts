import { z } from 'zod';
import { hasOnlyPath, name, onlyPathRule, webUrl } from './fields.ts';
import { oidc } from './oidc.ts';

/** A proxy that signs users in, such as oauth2-proxy, see docs/single-sign-on.md. */
const authenticatingProxy = z
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
      .refine(isSignOutUrl, 'must be a path that starts with one /, or an http or https URL without credentials')
      .optional()
      .describe('Where users sign out at the proxy, for example /oauth2/sign_out; if unset, there is no "Sign out".'),
  })
  .prefault({});

/** Name of the Secret with the sign-ons that the identity provider has ended, in the operator's namespace. */
export const endedSignOnsSecret = 'accesskey-operator-web-sign-outs';

/** The web console. */
export const web = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether to serve the web console.'),
    tokenSignIn: z.boolean().default(true).describe('Whether users can sign in with a Kubernetes token.'),
    keyPairSignIn: z
      .enum(['manage', 'view', 'off'])
      .default('manage')
      .describe(
        'What users who sign in with a key pair may do: manage their own key pairs, view them, or not sign in. ' +
          'Access tokens can be created and deleted only with manage.',
      ),
    oidc: oidc.optional().describe('Single sign-on with OpenID Connect; if unset, it is disabled.'),
    authenticatingProxy,
    sessionMinutes: z.int().min(1).max(480).default(480).describe('Maximum duration of a session, minutes.'),
    idleMinutes: z
      .int()
      .min(1)
      .max(480)
      .optional()
      .describe('How long a session may be unused, minutes; if unset, only sessionMinutes limits it.'),
    endWithBrowser: z
      .boolean()
      .default(false)
      .describe('Whether the browser deletes the session when it is closed (browsers that restore tabs may keep it).'),
    sessionSecretName: name
      .default('accesskey-operator-web-session')
      .describe("Name of the session-key Secret, in the operator's namespace."),
    publicUrl: webUrl('must be an http or https URL')
      .refine(hasOnlyPath, onlyPathRule)
      .refine((url) => new URL(url).pathname === '/', 'must not have a path, because the console is served at the root')
      // As browsers serialize it, so that code may compare it as text: HTTPS://A.example:443/ becomes https://a.example.
      .transform((url) => new URL(url).origin)
      .optional()
      .describe('URL of the console in browsers, if it is behind a proxy. Required by oidc.'),
  })
  .prefault({})
  .refine((one) => one.oidc === undefined || one.publicUrl !== undefined, {
    path: ['publicUrl'],
    message: 'required by web.oidc, because the identity provider redirects to <publicUrl>/login/callback',
  })
  .refine(({ idleMinutes = 0, sessionMinutes }) => idleMinutes <= sessionMinutes, {
    path: ['idleMinutes'],
    message: 'must not be greater than web.sessionMinutes, after which the session ends in any case',
  })
  .refine(hasSignIn, {
    path: ['tokenSignIn'],
    message:
      'must be true if web.keyPairSignIn is off, web.oidc is unset and web.authenticatingProxy is disabled, because no one could sign in',
  });

interface SignInFields {
  enabled: boolean;
  tokenSignIn: boolean;
  keyPairSignIn: string;
  oidc?: unknown;
  authenticatingProxy: { enabled: boolean };
}

function hasSignIn({ enabled, tokenSignIn, keyPairSignIn, oidc: provider, authenticatingProxy: proxy }: SignInFields) {
  return !enabled || tokenSignIn || keyPairSignIn !== 'off' || provider !== undefined || proxy.enabled;
}

/** A path must not start with two slashes, which browsers read as another host. */
function isSignOutUrl(text: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(text)) return false;
  if (text.startsWith('/')) return !/^.[/\\]/.test(text);
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  return url !== null && url.username === '' && url.password === '';
}
