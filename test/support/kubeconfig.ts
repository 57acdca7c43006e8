import { stringify } from 'yaml';

interface ApiServer {
  readonly server: string;
  /** PEM */
  readonly certificateAuthority: string;
}

/** @returns the text of a kubeconfig with the cluster `prod` and one context with this user; undefined: without a user */
export function kubeconfigText({ server, certificateAuthority }: ApiServer, user?: { readonly token: string }): string {
  const authority = Buffer.from(certificateAuthority).toString('base64');
  const cluster = 'prod';
  const context = 'nobody';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': context,
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': authority } }],
    contexts: [{ name: context, context: { cluster, user: user ? 'one' : '' } }],
    users: user ? [{ name: 'one', user }] : [],
  });
}
