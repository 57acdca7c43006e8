/**
 * The only place that reads flags, the configuration file and the environment.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { type Configuration, schema } from './schema.ts';

export type { Configuration } from './schema.ts';

/** An invalid flag or configuration field. The message is one line that names it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

export const usage = `Usage: node src/main.ts [--kubeconfig FILE] [--config FILE]

Runs the access key operator.

  --kubeconfig FILE  cluster to connect to (default: the cluster of this pod)
  --config FILE      OperatorConfiguration (YAML), must set http.tls or http.plain
  --version          print the version and exit
  --help             print this help and exit
`;

/** The parsed command line. */
export type Command =
  | { kind: 'help' }
  | { kind: 'version' }
  | { kind: 'run'; kubeconfig?: string; configuration: Configuration };

/**
 * Reads the command line and the configuration file that it names.
 *
 * @param env environment of the process; only KUBERNETES_SERVICE_HOST is read
 * @throws ConfigurationError for an unknown flag, an unreadable file, an unknown field or an invalid value
 */
export function readCommand(args: readonly string[], env: NodeJS.ProcessEnv): Command {
  const flags = readFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  if (flags.kubeconfig === undefined && !env.KUBERNETES_SERVICE_HOST) {
    throw new ConfigurationError('no --kubeconfig given, and this process does not run in a pod (see --help)');
  }
  const configuration = flags.config === undefined ? defaultConfiguration() : readConfiguration(flags.config);
  return { kind: 'run', configuration, ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }) };
}

/**
 * Parses and validates a configuration file and adds defaults.
 *
 * @param file name of the file, for the message
 * @throws ConfigurationError with the path of the field and the rule
 */
export function parseConfiguration(text: string, file: string): Configuration {
  return validate(parseYaml(text, file), file);
}

/** @param source origin of the value, for the message */
function validate(value: unknown, source: string): Configuration {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // Unknown fields first: a misspelled field may be the reason for a missing one.
  const issue = issues.find((one) => one.code === 'unrecognized_keys') ?? issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0] ?? ''].join('.');
    throw new ConfigurationError(`${source}: ${path}: unknown field`);
  }
  throw new ConfigurationError(`${source}: ${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
}

/** @returns the name of this process among the replicas: its host name, which is the name of the pod */
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
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ConfigurationError(`configuration ${file}: ${error.message}`);
  }
  return parseConfiguration(text, file);
}

function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const [why] = error instanceof Error ? error.message.split('\n') : [String(error)];
    throw new ConfigurationError(`${file}: ${why}`);
  }
}

/** Without a file, validation fails like that of an empty file, because http.tls or http.plain is required. */
function defaultConfiguration(): Configuration {
  return validate({ apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' }, 'no --config given');
}
