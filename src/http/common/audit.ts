import type { Logger } from 'pino';
import type { RequestVariables } from './environment.ts';

/** What happened to a key pair. */
export type KeyAction = 'created' | 'rotated' | 'disabled' | 'enabled' | 'edited' | 'deleted' | 'revealed';

/** A change of a key pair. The fields never contain a secret. */
export interface KeyChange {
  action: KeyAction;
  /** Name of the user who made the change. */
  actor: string;
  /** The credential that the actor used. */
  signedInWith: 'key pair' | 'access token' | 'Kubernetes token' | 'single sign-on' | 'authenticating proxy';
  /** namespace/name */
  accessKey: string;
  pairName: string;
  /** User of the AccessKey. */
  user: string;
}

/**
 * Writes the audit record of a change, as a log line of its own: a request can also issue a token, whose record is the log
 * line of the request.
 */
export function auditKeyChange(
  context: RequestVariables,
  log: Pick<Logger, 'info'>,
  { action, ...change }: KeyChange,
): void {
  const [requestId, clientAddress] = [context.get('requestId'), context.get('clientAddress')];
  log.info({ audit: true, event: `key.${action}`, ...change, requestId, clientAddress }, 'key pair changed');
}
