/**
 * The only place that reads flags, the configuration file and the environment.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';

/** A flag or a field of the configuration file that cannot be used. The message is one line that names it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

const port = z.int().min(0).max(65535);
const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a lower-case RFC 1123 name');
const label = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be a lower-case RFC 1123 label');

/** StringOrURI of RFC 7519 without what would need escaping in a header. */
const stringOrURI = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,2048}$/, 'must be printable ASCII without spaces and quotes');

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'must be a CIDR, for example 10.0.0.0/8' });

/** client-go's JitterFactor: an attempt may come so much later than after one period. */
const retryJitter = 1.2;

/** Defaults and rules are those of the Kubernetes components (k8s.io/component-base, LeaderElectionConfiguration). */
const leaderElection = z
  .strictObject({
    /** Without it every replica reconciles: for one replica only. */
    enabled: z.boolean().default(true),
    /** Name of the Lease, in the operator's namespace. */
    leaseName: name.default('accesskey-operator'),
    /** For how long other replicas leave a Lease alone that is not renewed, seconds. */
    leaseDurationSeconds: z.int().min(1).max(3600).default(15),
    /** For how long the leader goes on without a renewal, seconds. */
    renewDeadlineSeconds: z.int().min(1).max(3600).default(10),
    /** Time between renewals, and between attempts to become the leader, seconds. */
    retryPeriodSeconds: z.int().min(1).max(3600).default(2),
  })
  .prefault({})
  .refine((one) => one.renewDeadlineSeconds < one.leaseDurationSeconds, {
    path: ['renewDeadlineSeconds'],
    message: 'must be less than leaderElection.leaseDurationSeconds',
  })
  .refine((one) => one.retryPeriodSeconds * retryJitter < one.renewDeadlineSeconds, {
    path: ['retryPeriodSeconds'],
    message: `must be less than leaderElection.renewDeadlineSeconds / ${retryJitter}`,
  });

/** An origin as browsers send it (RFC 6454 section 6.2), so that both can be compared as text. */
const origin = z.string().refine((text) => text === '*' || isOrigin(text), {
  message: 'must be an origin such as https://console.example.org (scheme, host, port if unusual, nothing after), or *',
});

function isOrigin(text: string): boolean {
  return /^https?:[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** Whose pages may use the API in a browser. */
const cors = z
  .strictObject({ allowedOrigins: z.array(origin).max(64).default([]) })
  .prefault({})
  .refine(({ allowedOrigins: all }) => !all.includes('*') || all.length === 1, {
    path: ['allowedOrigins'],
    message: '* must be alone',
  });

/** HTTP without TLS is served only when it is asked for, since keys and tokens go over it. */
const http = z
  .strictObject({
    address: z.string().min(1).default('0.0.0.0'),
    port: port.default(8080),
    /** Files in PEM, looked at again each few seconds. */
    tls: z.strictObject({ certificateFile: z.string().min(1), keyFile: z.string().min(1) }).optional(),
    /** HTTP without TLS. */
    plain: z.boolean().default(false),
    /** How long it answers on after SIGTERM, seconds: until everybody has heard that it is not ready. */
    shutdownDelaySeconds: z.int().min(0).max(60).default(5),
    /** Proxies whose word on the client's address is believed. */
    trustedProxies: z.array(cidr).max(64).default([]),
    /** The header in which they give it; one only, since a proxy passes the other one through as it came. */
    forwardedHeader: z.enum(['X-Forwarded-For', 'Forwarded']).default('X-Forwarded-For'),
    cors,
  })
  .prefault({})
  .refine(({ tls, plain }) => tls !== undefined || plain, {
    message: 'set tls (certificateFile and keyFile), or plain: true to serve HTTP without TLS',
  })
  .refine(({ tls, plain }) => tls === undefined || !plain, { message: 'tls and plain: true exclude each other' });

/** Retired keys are kept until their tokens have run out, and all of them are in one Secret and one published set. */
const maxRetiredKeys = 50;

/** The life of the signing keys, see docs/signing-keys.md. */
const signingKeys = z
  .strictObject({
    /** Name of their Secret, in the operator's namespace. */
    secretName: name.default('accesskey-operator-signing-keys'),
    /** Of the next key; EdDSA is with Ed25519. */
    algorithm: z.enum(['RS256', 'ES256', 'EdDSA']).default('RS256'),
    /** How long a key signs, days; 0: rotation by hand only. */
    rotationDays: z.int().min(0).max(3650).default(30),
    /** How long a key is published before it signs, hours. */
    publishAheadHours: z.int().min(1).max(8760).default(24),
  })
  .prefault({})
  .refine((one) => one.rotationDays === 0 || one.publishAheadHours <= one.rotationDays * 24, {
    path: ['publishAheadHours'],
    message: 'must not be longer than token.signingKeys.rotationDays',
  });

const schema = z.strictObject({
  apiVersion: z.literal('config.ghippo.io/v1alpha1'),
  kind: z.literal('OperatorConfiguration'),
  /** Namespace of the operator, where the signing keys are. */
  namespace: name.default('accesskey-system'),
  /** The one namespace that is looked after and listed, for an operator without rights in others; without it, all. */
  watchNamespace: label.optional(),
  /** Name under which the platform API knows this cluster. */
  clusterName: name.default('kpanda-global-cluster'),
  /** The platform API: tokens and listings. Port 0 takes a free one. */
  http,
  /** Probes and metrics, on a port of their own, always plain HTTP. */
  health: z.strictObject({ address: z.string().min(1).default('0.0.0.0'), port: port.default(8081) }).prefault({}),
  token: z
    .strictObject({
      /** iss of the tokens. */
      issuer: stringOrURI.default('ghippo.io'),
      /** aud of the tokens; without it they have none. */
      audience: stringOrURI.optional(),
      /** aud that a ServiceAccount's token must have to be exchanged; without it, the issuer. */
      exchangeAudience: stringOrURI.optional(),
      /** Validity when the caller names none, days. */
      defaultCycle: z.int().min(1).max(3650).default(3),
      /** The longest validity, days. */
      maxCycle: z.int().min(1).max(3650).default(30),
      signingKeys,
      /** Failed attempts of one address: so many at once, and one more in each so many seconds. */
      failureThrottle: z
        .strictObject({
          burst: z.int().min(1).max(1_000_000).default(10),
          refillSeconds: z.number().min(0.001).max(3600).default(3),
        })
        .prefault({}),
    })
    .prefault({})
    .refine(
      ({ maxCycle, signingKeys: { rotationDays } }) => maxCycle <= rotationDays * maxRetiredKeys || !rotationDays,
      {
        path: ['signingKeys', 'rotationDays'],
        message: `must be 0, or at least token.maxCycle / ${maxRetiredKeys}`,
      },
    )
    .refine((token) => token.defaultCycle <= token.maxCycle, {
      path: ['defaultCycle'],
      message: 'must not be greater than token.maxCycle',
    }),
  access: z
    .strictObject({
      /** How long a decision about a user's rights holds, seconds. */
      cacheSeconds: z.int().min(1).max(3600).default(10),
      /** How old what is shown, and a decision, may become while the cluster cannot be asked, seconds. */
      maxStaleSeconds: z.int().min(1).max(86_400).default(300),
    })
    .prefault({}),
  /** Which replica reconciles. All answer requests. */
  leaderElection,
  log: z
    .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info') })
    .prefault({}),
});

/** The configuration, complete with defaults. */
export type Configuration = z.infer<typeof schema>;

export const usage = `Usage: node src/main.ts [--kubeconfig FILE] [--config FILE]

Runs the access key operator.

  --kubeconfig FILE  the cluster to work for; without it, the cluster whose pod this is
  --config FILE      OperatorConfiguration (YAML); says at least how HTTP is served
  --version          print the version
  --help             print this
`;

/** What the command line asks for. */
export type Command =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'run'; kubeconfig?: string; configuration: Configuration };

/**
 * Reads the command line and the configuration file that it names.
 *
 * @throws ConfigurationError for an unknown flag, a file that cannot be read, an unknown field or a bad value
 */
export function readCommand(args: readonly string[]): Command {
  const flags = readFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  if (flags.kubeconfig === undefined && !process.env.KUBERNETES_SERVICE_HOST) {
    throw new ConfigurationError('no --kubeconfig given, and this is not a pod in a cluster (see --help)');
  }
  const configuration = flags.config === undefined ? defaultConfiguration() : readConfiguration(flags.config);
  return { kind: 'run', configuration, ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }) };
}

/**
 * Checks the text of a configuration file and completes it with defaults.
 *
 * @param file its name, for the message
 * @throws ConfigurationError naming the path of the field and the rule
 */
export function parseConfiguration(text: string, file: string): Configuration {
  return check(parseYaml(text, file), file);
}

/** @param source where the value is from, for the message */
function check(value: unknown, source: string): Configuration {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // A misspelt name first: what seems to be missing may be what it was meant for.
  const issue = issues.find((one) => one.code === 'unrecognized_keys') ?? issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0] ?? ''].join('.');
    throw new ConfigurationError(`${source}: ${path}: unknown field`);
  }
  throw new ConfigurationError(`${source}: ${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
}

/** Name of this process among the replicas: the pod's name, which is its host name. */
export function instanceName(): string {
  return hostname();
}

function readFlags(args: readonly string[]) {
  const string = { type: 'string' } as const;
  const boolean = { type: 'boolean' } as const;
  const options = { kubeconfig: string, config: string, help: boolean, version: boolean };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${why.replaceAll('\n', ' ')} (see --help)`);
  }
}

function readConfiguration(file: string): Configuration {
  try {
    return parseConfiguration(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof ConfigurationError || !(error instanceof Error)) throw error;
    throw new ConfigurationError(`configuration ${file}: ${error.message}`);
  }
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const [why] = error instanceof Error ? error.message.split('\n') : [String(error)];
    throw new ConfigurationError(`${file}: ${why}`);
  }
}

/** Nothing is served without TLS unasked, so it is refused, in the words of a configuration file that says nothing. */
function defaultConfiguration(): Configuration {
  return check({ apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' }, 'no --config given');
}
