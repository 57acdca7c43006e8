import { UndecidedError } from '../../access/limit.ts';
import { StaleClusterError } from '../../clusters/cluster.ts';
import { ConnectionError, describeError, KubernetesError } from '../../kube/errors.ts';

/** An error in the log line of a request. */
export interface LoggedError {
  error: string;
  /** Where an unexpected error occurred. */
  stack?: string;
}

/** Whether an error means that a cluster is unavailable. Its message never contains a secret. */
export function isUnavailable(error: unknown): error is Error {
  return [ConnectionError, KubernetesError, UndecidedError, StaleClusterError].some((kind) => error instanceof kind);
}

/**
 * Describes an error for the log. Of an unexpected one only the type, the code and the stack are logged: the message may
 * contain whatever the code was working on, for example the URL of the request with an sk, or the value of a header.
 */
export function toLoggedError(error: unknown): LoggedError {
  if (isUnavailable(error)) return { error: describeError(error) };
  const stack = error instanceof Error ? framesOf(error) : '';
  return { error: typesOf(error), ...(stack !== '' && { stack }) };
}

/** Codes of Node and undici; others might be derived from a value. */
const codePattern = /^[A-Z][A-Z\d_]{1,63}$/;

/** @returns the type of an error, with its code, and those of its causes */
function typesOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown ${typeof error}`;
  const { code } = error as NodeJS.ErrnoException;
  const type = typeof code === 'string' && codePattern.test(code) ? `${typeOf(error)} ${code}` : typeOf(error);
  return error.cause === undefined ? type : `${type}: ${typesOf(error.cause)}`;
}

/** Not the name, which any code can change. */
const typeOf = (error: Error) => error.constructor.name;

/** @returns the stack without the message, which may have several lines */
function framesOf({ stack = '', message }: Error): string {
  const end = stack.indexOf(message) + message.length;
  const frames = stack.slice(end).split('\n');
  return frames.filter((line) => /^ {4}at /.test(line)).join('\n');
}
