import { z } from 'zod';
import { ipAddress, label, name, port } from './fields.ts';
import { http } from './http.ts';
import { leaderElection } from './leader-election.ts';
import { token } from './token.ts';
import { endedSignOnsSecret, web } from './web.ts';

/** The fields of the configuration file and their defaults. */
const fields = z.strictObject({
  apiVersion: z.literal('config.ghippo.io/v1alpha1').describe('API version of the configuration.'),
  kind: z.literal('OperatorConfiguration').describe('Kind of the configuration.'),
  namespace: label.default('accesskey-system').describe('Namespace of the operator and of its own Secrets.'),
  watchNamespace: label
    .optional()
    .describe(
      'The only namespace to reconcile and list, for an operator without cluster-wide permissions. Default: all.',
    ),
  /** Other clusters, registered with Secrets in the operator's namespace. */
  clusters: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether clusters can be registered with Secrets.'),
    })
    .prefault({}),
  clusterName: name.default('kpanda-global-cluster').describe('Name of the local cluster in the platform API.'),
  /** The platform API: tokens and listings. */
  http,
  health: z
    .strictObject({
      address: ipAddress.default('0.0.0.0').describe('Listen address of probes and metrics, an IP address.'),
      port: port.default(8081).describe('Port of probes and metrics.'),
    })
    .prefault({})
    .describe('Probes and metrics, on a separate port, always plain HTTP.'),
  token,
  lastUse: z
    .strictObject({
      clientAddress: z
        .boolean()
        .default(true)
        .describe('Whether the status of an AccessKey contains the address of the last client.'),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      perPair: z
        .boolean()
        .default(false)
        .describe('Whether to serve metrics of each key pair, labeled with its namespace, AccessKey and name.'),
    })
    .prefault({}),
  access: z
    .strictObject({
      cacheSeconds: z.int().min(1).max(3600).default(10).describe('How long access decisions are cached, seconds.'),
      maxStaleSeconds: z
        .int()
        .min(1)
        .max(86_400)
        .default(300)
        .describe('Maximum age of listed data and access decisions while a cluster is not reachable, seconds.'),
      candidates: z
        .enum(['auto', 'roleBindings', 'all'])
        .default('auto')
        .describe('Which namespaces are reviewed for a user who may not list all of them, see deployments.md.'),
    })
    .prefault({}),
  web,
  /** Warnings about AccessKeys: Events and conditions. */
  warnings: z
    .strictObject({
      expiryDays: z
        .array(z.int().min(1).max(3650))
        .max(8)
        .default([30, 7, 1])
        .describe('How long before a key pair expires without a successor to warn, days; empty: never.'),
    })
    .prefault({}),
  /** Only the leader reconciles; all replicas answer requests. */
  leaderElection,
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
        .default('info')
        .describe('Log level; the token audit is logged at info.'),
    })
    .prefault({}),
});

const endedSignOnsRule = `must not be ${endedSignOnsSecret}, the Secret with ended sign-ons`;
const ownNamespaceRule =
  "must not be the operator's namespace, because anyone who can read Secrets in it can sign tokens";

/** The configuration file with the rules between sections. */
export const schema = fields
  .refine(({ http, web }) => !web.authenticatingProxy.enabled || http.trustedProxies.length > 0, {
    path: ['http', 'trustedProxies'],
    message: 'must not be empty with web.authenticatingProxy.enabled: true',
  })
  .refine(({ web, watchNamespace }) => isWatched(web.oidc?.selfService?.namespace, watchNamespace), {
    path: ['web', 'oidc', 'selfService', 'namespace'],
    message: 'must be watchNamespace, the only namespace that the operator manages',
  })
  .refine(({ web, namespace }) => web.oidc?.selfService?.namespace !== namespace, {
    path: ['web', 'oidc', 'selfService', 'namespace'],
    message: ownNamespaceRule,
  })
  .refine(({ watchNamespace, namespace }) => watchNamespace !== namespace, {
    path: ['watchNamespace'],
    message: ownNamespaceRule,
  })
  .refine(({ token, web }) => token.signingKeys.secretName !== web.sessionSecretName, {
    path: ['web', 'sessionSecretName'],
    message: 'must differ from token.signingKeys.secretName',
  })
  .refine(({ token }) => token.signingKeys.secretName !== endedSignOnsSecret, {
    path: ['token', 'signingKeys', 'secretName'],
    message: endedSignOnsRule,
  })
  .refine(({ web }) => web.sessionSecretName !== endedSignOnsSecret, {
    path: ['web', 'sessionSecretName'],
    message: endedSignOnsRule,
  })
  .refine(({ http, health }) => !collide(http, health), {
    path: ['health', 'port'],
    message: 'must differ from http.port',
  });

interface Listener {
  address: string;
  port: number;
}

/** Whether the second of two servers could not listen. Port 0 selects a free one. */
function collide(a: Listener, b: Listener): boolean {
  const isWildcard = ({ address }: Listener) => address === '0.0.0.0' || address === '::';
  return a.port !== 0 && a.port === b.port && (a.address === b.address || isWildcard(a) || isWildcard(b));
}

function isWatched(namespace: string | undefined, watchNamespace: string | undefined): boolean {
  return namespace === undefined || watchNamespace === undefined || namespace === watchNamespace;
}

/** The configuration with defaults. */
export type Configuration = z.infer<typeof schema>;
