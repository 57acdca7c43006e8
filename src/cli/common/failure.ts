/** How a failed command ends: the message and the exit code. Wording and codes are those of kubectl. */
import { CommanderError } from 'commander';
import { ConnectionError, describeError, KubernetesError } from '../../kube/errors.ts';
import { PluginNotFoundError } from '../../kube/exec-plugin-process.ts';
import { printableLines } from '../../kube/printable.ts';
import { TokenError } from '../token/token-error.ts';

/** A failure with a message for the user. An empty message prints nothing: the command has reported the failure. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** What the user can do about it. */
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(
    message: string,
    { hint, exitCode = 1, cause }: { hint?: string; exitCode?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.hint = hint;
    this.exitCode = exitCode;
  }
}

export interface Failure {
  /** Lines for stderr, without line breaks at the end. */
  lines: string[];
  exitCode: number;
}

/** @returns what to print for any thrown value, and the exit code; never a stack */
export function describeFailure(error: unknown): Failure {
  const { lines, exitCode } = failureOf(error);
  return { lines: lines.map(printableLines), exitCode };
}

function failureOf(error: unknown): Failure {
  // commander has already printed the message, or the help.
  if (error instanceof CommanderError) return { lines: [], exitCode: error.exitCode };
  if (error instanceof CliError) return { lines: linesOf(error), exitCode: error.exitCode };
  if (error instanceof TokenError) return { lines: linesOf(error), exitCode: 1 };
  if (error instanceof KubernetesError && error.status === 401) return { lines: unauthorized, exitCode: 1 };
  const plugin = missingPlugin(error);
  if (plugin !== undefined) return { lines: pluginNotFound(plugin), exitCode: 1 };
  return { lines: [messageOf(error)], exitCode: 1 };
}

/** @returns the error of a credential plug-in that is not installed, which others have as a cause */
function missingPlugin(error: unknown): PluginNotFoundError | undefined {
  if (error instanceof PluginNotFoundError) return error;
  return error instanceof Error ? missingPlugin(error.cause) : undefined;
}

function pluginNotFound({ command, installHint }: PluginNotFoundError): string[] {
  return [
    `error: the kubeconfig gets credentials with ${command}, which is not found`,
    ...(installHint === undefined ? [] : [`hint: ${installHint}`]),
    'hint: add its directory to PATH, or choose another context with --context',
  ];
}

const unauthorized = [
  'error: You must be logged in to the server (Unauthorized)',
  'hint: the API server rejects the user of the context; choose another with --context. After kubectl accesskey login, ' +
    'the API server must trust the issuer (docs/tokens.md#kube-apiserver)',
];

function linesOf({ message, hint }: CliError | TokenError): string[] {
  return [...(message === '' ? [] : [`error: ${message}`]), ...(hint === undefined ? [] : [`hint: ${hint}`])];
}

function messageOf(error: unknown): string {
  if (error instanceof KubernetesError) return messageOfServer(error);
  if (error instanceof ConnectionError) return `Unable to connect to the server: ${describeError(error)}`;
  return `error: ${describeError(error)}`;
}

function messageOfServer({ reason, detail, message }: KubernetesError): string {
  const text = detail === '' ? message : detail;
  return `Error from server${reason === '' ? '' : ` (${reason})`}: ${text}`;
}
