import { z } from 'zod';
import { label, name, port } from './fields.ts';
import { http } from './http.ts';
import { leaderElection } from './leader-election.ts';
import { token } from './token.ts';
import { web } from './web.ts';

/** A configuration file: what may be in it, its defaults, and the rules that bind several fields. */
export const schema = z.strictObject({
  apiVersion: z.literal('config.ghippo.io/v1alpha1'),
  kind: z.literal('OperatorConfiguration'),
  /** Namespace of the operator, where the signing keys are. */
  namespace: name.default('accesskey-system'),
  /** The one namespace that is looked after and listed, for an operator without rights in others; without it, all. */
  watchNamespace: label.optional(),
  /** Further clusters, registered by Secrets in the operator's namespace. */
  clusters: z
    .strictObject({
      /** Whether such Secrets are followed. */
      enabled: z.boolean().default(true),
    })
    .prefault({}),
  /** Name under which the platform API knows this cluster. */
  clusterName: name.default('kpanda-global-cluster'),
  /** The platform API: tokens and listings. Port 0 takes a free one. */
  http,
  /** Probes and metrics, on a port of their own, always plain HTTP. */
  health: z.strictObject({ address: z.string().min(1).default('0.0.0.0'), port: port.default(8081) }).prefault({}),
  token,
  access: z
    .strictObject({
      /** How long a decision about a user's rights holds, seconds. */
      cacheSeconds: z.int().min(1).max(3600).default(10),
      /** How old what is shown, and a decision, may become while the cluster cannot be asked, seconds. */
      maxStaleSeconds: z.int().min(1).max(86_400).default(300),
      /** Which namespaces are asked about for who may not list all. */
      candidates: z.enum(['auto', 'roleBindings', 'all']).default('auto'),
    })
    .prefault({}),
  web,
  /** Which replica reconciles. All answer requests. */
  leaderElection,
  log: z
    .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info') })
    .prefault({}),
});

/** The configuration, complete with defaults. */
export type Configuration = z.infer<typeof schema>;
