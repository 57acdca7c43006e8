import { stringify } from 'yaml';

/** An issuer that a kube-apiserver trusts. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** PEM. */
  readonly certificateAuthority: string;
}

/** The authentication configuration of kube-apiserver. It rejects users and groups that start with system:. */
export function authenticationConfiguration({ issuer, audience, certificateAuthority }: TrustedIssuer): string {
  return stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: { url: issuer, audiences: [audience], certificateAuthority },
        claimMappings: {
          username: { claim: 'preferred_username', prefix: '' },
          groups: { claim: 'groups', prefix: '' },
          uid: { claim: 'sub' },
        },
        userValidationRules: [
          { expression: "!user.username.startsWith('system:')", message: 'system: users are not for tokens' },
          { expression: "user.groups.all(g, !g.startsWith('system:'))", message: 'system: groups are not for tokens' },
        ],
      },
    ],
  });
}
