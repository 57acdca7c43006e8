/**
 * The only place that reads flags, the configuration file and the environment.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { type Configuration, schema } from './schema.ts';

export type { Configuration } from './schema.ts';

/** A flag or a field of the configuration file that cannot be used. The message is one line that names it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

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
 * @param env the environment of the process; only KUBERNETES_SERVICE_HOST is read
 * @throws ConfigurationError for an unknown flag, a file that cannot be read, an unknown field or a bad value
 */
export function readCommand(args: readonly string[], env: NodeJS.ProcessEnv): Command {
  const flags = readFlags(args);
  if (flags.help) return { kind: 'help' };
  if (flags.version) return { kind: 'version' };
  if (flags.kubeconfig === undefined && !env.KUBERNETES_SERVICE_HOST) {
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
