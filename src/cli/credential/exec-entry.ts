/** The exec entry that `login` writes (pure). */
import { resolve } from 'node:path';
import type { KeyPair } from '../../credential/key-pair.ts';
import { type CredentialSource, variables } from '../token/source.ts';
import { TokenError } from '../token/token-error.ts';
import { execVersion } from './exec-credential.ts';
import { isPath } from './find-program.ts';

/** Places in which `login` can store a secret key. */
export const stores = ['keyring', 'kubeconfig'] as const;
export type Store = (typeof stores)[number];

export interface LoginOptions {
  /** URL of the token server, checked. */
  readonly server: string;
  readonly audience?: string | undefined;
  readonly days?: number | undefined;
  readonly caFile?: string | undefined;
  readonly allowPlainHTTP?: boolean | undefined;
  /** Program in the exec entry; a path may be relative to the working directory. */
  readonly command: string;
}

/** `exec` of a kubeconfig user. */
export interface ExecEntry {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
  readonly interactiveMode: 'Never';
  readonly provideClusterInfo: false;
  readonly installHint: string;
}

/**
 * Checks that the plugin can read the credential again without the user.
 *
 * @throws TokenError if only `--store` makes that possible, or a token to exchange should be stored
 */
export function checkStore(source: CredentialSource, store: Store | undefined): void {
  const isSubject = source.kind === 'subject-token' || source.kind === 'subject-token-environment';
  if (isSubject && store !== undefined) throw new TokenError('usage', '--store requires a key pair');
  if (store !== undefined) return;
  const isStdin = (source.kind === 'file' || source.kind === 'subject-token') && source.file === '-';
  if (source.kind !== 'secret' && !isStdin) return;
  const from = isStdin ? 'standard input' : 'a Secret';
  throw new TokenError('usage', `a credential from ${from} must be stored for later commands`, {
    hint: 'Add --store keyring or --store kubeconfig, or name a file with --pair-directory or --secret-key-file.',
  });
}

/** @returns what clients need that the kubeconfig does not name: variables in their environment; undefined if nothing */
export function storeWarning({ kind }: CredentialSource, store: Store | undefined): string | undefined {
  const { accessKey, secretKey, subjectToken } = variables;
  if (kind === 'subject-token-environment') {
    return `clients need ${subjectToken} in their environment; --subject-token-file names a file instead`;
  }
  if (kind !== 'environment' || store !== undefined) return undefined;
  return `clients need ${accessKey} and ${secretKey} in their environment; --store keeps them`;
}

/**
 * Creates the exec entry. The secret key is in it only for the store `kubeconfig`, as a variable and never as an argument.
 *
 * @param pair required for a store
 */
export function execEntry(
  options: LoginOptions,
  source: CredentialSource,
  stored?: { readonly store: Store; readonly pair: KeyPair },
): ExecEntry {
  const { server, audience, days, caFile, allowPlainHTTP = false, command } = options;
  const args = [
    'credential',
    `--server=${server}`,
    ...(audience === undefined ? [] : [`--audience=${audience}`]),
    ...(days === undefined ? [] : [`--lifetime=${days}d`]),
    ...(caFile === undefined ? [] : [`--ca-file=${resolve(caFile)}`]),
    ...(allowPlainHTTP ? ['--allow-plain-http'] : []),
    ...(stored ? storedFlags(stored) : sourceFlags(source)),
  ];
  return {
    apiVersion: execVersion,
    command: isPath(command) ? resolve(command) : command,
    args,
    ...(stored?.store === 'kubeconfig' && { env: pairVariables(stored.pair) }),
    interactiveMode: 'Never',
    provideClusterInfo: false,
    installHint: 'kubectl-accesskey is not installed or not in PATH; see the documentation of accesskey-operator.',
  };
}

function storedFlags({ store, pair }: { store: Store; pair: KeyPair }): string[] {
  return store === 'keyring' ? [`--access-key=${pair.ak}`, '--keyring'] : [];
}

function pairVariables({ ak, sk }: KeyPair): ExecEntry['env'] {
  return [
    { name: variables.accessKey, value: ak },
    { name: variables.secretKey, value: sk },
  ];
}

/** Relative paths would be relative to the working directory of each client, so they are made absolute. */
function sourceFlags(source: CredentialSource): string[] {
  switch (source.kind) {
    case 'directory':
      return [`--pair-directory=${resolve(source.directory)}`];
    case 'file':
      return [`--access-key=${source.accessKey}`, `--secret-key-file=${resolve(source.file)}`];
    case 'keyring':
      return [`--access-key=${source.accessKey}`, '--keyring'];
    case 'subject-token':
      return [`--subject-token-file=${resolve(source.file)}`];
    default:
      return [];
  }
}
