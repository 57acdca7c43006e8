import { z } from 'zod';
import { hasOnlyPath, isSecureUrl, label, onlyPathRule, webUrl } from './fields.ts';

/** scope-token of RFC 6749 section 3.3. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'must be a scope without spaces');

/** Name of a claim, or prefix of a name: no control characters. */
const printable = z.string().regex(/^[^\p{Cc}]{1,253}$/u, 'must be at most 253 characters, without control characters');

/** Discovery fetches the keys that sign ID tokens from this URL, so it must use TLS. */
const issuer = webUrl('must be an https URL')
  .max(2_048)
  .refine(isSecureUrl, 'must be an https URL (http is allowed only for a loopback address)')
  .refine(hasOnlyPath, onlyPathRule);

/** Single sign-on with OpenID Connect, see docs/single-sign-on.md. */
export const oidc = z
  .strictObject({
    issuer: issuer.describe('Issuer of the identity provider, exactly as in its discovery document.'),
    clientID: z
      .string()
      .regex(/^[\x20-\x7e]{1,512}$/, 'must be printable ASCII')
      .describe('Client ID of the console at the identity provider.'),
    clientSecretFile: z
      .string()
      .min(1)
      .optional()
      .describe('File with the client secret, read again every 10 minutes; if unset, a public client (PKCE only).'),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file with the CAs of the identity provider; if unset, the CAs of Node.'),
    scopes: z
      .array(scope)
      .min(1)
      .max(32)
      .default(['openid', 'profile', 'email'])
      .refine((all) => all.includes('openid'), 'must include openid')
      .describe('Requested scopes. Some providers send groups or a refresh token only for groups or offline_access.'),
    usernameClaim: printable.default('sub').describe('Claim with the user name, as in kube-apiserver.'),
    usernamePrefix: printable
      .optional()
      .describe(
        'Prefix of user names; - for none. If unset, none for the claim email, otherwise the issuer and #, as in kube-apiserver.',
      ),
    groupsClaim: printable.optional().describe('Claim with the groups; if unset, users have no groups.'),
    groupsPrefix: printable.optional().describe('Prefix of groups; if unset, none.'),
    buttonLabel: printable.optional().describe('Text of the button; if unset, "Sign in with single sign-on".'),
    accessMode: z
      .enum(['token', 'self-service'])
      .default('token')
      .describe(
        'token: kube-apiserver trusts the issuer, and the console acts with the ID token. self-service: users manage only ' +
          'the AccessKey of their own user.',
      ),
    selfService: z
      .strictObject({
        namespace: label.describe('Namespace of the AccessKeys; only administrators should have access to it.'),
      })
      .optional()
      .describe('Required by accessMode self-service.'),
    providerSignOut: z
      .boolean()
      .default(true)
      .describe('Whether signing out also ends the session at the identity provider, if it supports it.'),
    backChannelLogout: z
      .boolean()
      .default(false)
      .describe('Whether to accept logout tokens of the identity provider at /login/backchannel-logout.'),
  })
  .refine((one) => (one.accessMode === 'self-service') === (one.selfService !== undefined), {
    path: ['selfService'],
    message: 'must be set if accessMode is self-service, and only then',
  });
