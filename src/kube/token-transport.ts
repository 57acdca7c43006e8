import { KubeConfig } from '@kubernetes/client-node';
import { createTransport, type Transport } from './transport.ts';

/** Ways to one API server with tokens of others. */
export interface TokenTransports {
  /** Sends with this token and nothing else, so that the rights are those of whoever the token is of. */
  withToken(token: string): Transport;
  close(): Promise<void>;
}

/**
 * Opens the way to the API server of a kubeconfig without its credentials: a client certificate of the operator's would
 * be believed before any token. All tokens share one pool of connections.
 *
 * @param load gives the kubeconfig; only its cluster is used
 */
export function createTokenTransports(load: () => KubeConfig, userAgent: string): TokenTransports {
  const shared = createTransport(() => withoutUser(load()), userAgent);
  return {
    withToken: (token) => ({
      server: shared.server,
      send: (request) => shared.send({ ...request, headers: { ...request.headers, Authorization: `Bearer ${token}` } }),
      // The pool is everybody's.
      close: async () => undefined,
    }),
    close: () => shared.close(),
  };
}

function withoutUser(kubeconfig: KubeConfig): KubeConfig {
  const bare = new KubeConfig();
  const cluster = kubeconfig.getCurrentCluster();
  if (cluster) bare.loadFromClusterAndUser(cluster, { name: 'nobody' });
  return bare;
}
