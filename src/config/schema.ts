import { z } from 'zod';
import { label, name, port } from './fields.ts';
import { http } from './http.ts';
import { leaderElection } from './leader-election.ts';
import { token } from './token.ts';
import { web } from './web.ts';

/** A configuration file: what may be in it, its defaults, and the rules that bind several fields. */
export const schema = z.strictObject({
  apiVersion: z.literal('config.ghippo.io/v1alpha1').describe('Version of this format.'),
  kind: z.literal('OperatorConfiguration').describe('Kind of this document.'),
  namespace: name.default('accesskey-system').describe('Namespace of the operator, where the signing keys are.'),
  watchNamespace: label
    .optional()
    .describe(
      'The one namespace that is looked after and listed, for an operator without rights in others; without it, all.',
    ),
  /** Further clusters, registered by Secrets in the operator's namespace. */
  clusters: z
    .strictObject({
      enabled: z
        .boolean()
        .default(true)
        .describe('Whether the Secrets are followed by which further clusters are registered.'),
    })
    .prefault({}),
  clusterName: name.default('kpanda-global-cluster').describe('Name under which the platform API knows this cluster.'),
  /** The platform API: tokens and listings. Port 0 takes a free one. */
  http,
  health: z
    .strictObject({
      address: z.string().min(1).default('0.0.0.0').describe('Address that probes and metrics are served at.'),
      port: port.default(8081).describe('Port of probes and metrics.'),
    })
    .prefault({})
    .describe('Probes and metrics, on a port of their own, always plain HTTP.'),
  token,
  access: z
    .strictObject({
      cacheSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(10)
        .describe("How long a decision about a user's rights holds, seconds."),
      maxStaleSeconds: z
        .int()
        .min(1)
        .max(86_400)
        .default(300)
        .describe('How old what is shown, and a decision, may become while the cluster cannot be asked, seconds.'),
      candidates: z
        .enum(['auto', 'roleBindings', 'all'])
        .default('auto')
        .describe('Which namespaces are asked about for who may not list all: see deployments.md.'),
    })
    .prefault({}),
  web,
  /** Which replica reconciles. All answer requests. */
  leaderElection,
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
        .default('info')
        .describe('The audit of tokens is at info.'),
    })
    .prefault({}),
});

/** The configuration, complete with defaults. */
export type Configuration = z.infer<typeof schema>;
