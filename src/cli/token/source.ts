/** Decides from options and environment where the credential comes from. */
import { TokenError } from './token-error.ts';

/** Names of the variables that hold a credential. */
export const variables = {
  accessKey: 'ACCESS_KEY',
  secretKey: 'SECRET_KEY',
  pairDirectory: 'PAIR_DIRECTORY',
  subjectToken: 'ACCESSKEY_SUBJECT_TOKEN',
  subjectTokenFile: 'ACCESSKEY_SUBJECT_TOKEN_FILE',
} as const;

/** Where the credential comes from. Contains no secret. */
export type CredentialSource =
  /** The Secret of a key pair, read through the user's kubeconfig. */
  | { readonly kind: 'secret'; readonly pair: string }
  /** A directory with the files `ak` and `sk`, for example a mounted Secret. */
  | { readonly kind: 'directory'; readonly directory: string }
  /** The ak, and a file with the sk; `-` is standard input. */
  | { readonly kind: 'file'; readonly accessKey: string; readonly file: string }
  /** The ak, and the sk in the keyring of the system. */
  | { readonly kind: 'keyring'; readonly accessKey: string }
  | { readonly kind: 'environment' }
  /** A file with a token of a ServiceAccount or a CI job to exchange; `-` is standard input. */
  | { readonly kind: 'subject-token'; readonly file: string }
  | { readonly kind: 'subject-token-environment' };

/** The options of a command that names a credential. */
export interface SourceOptions {
  /** Positional argument: `NAME` or `NAME/PAIR`. */
  readonly pair?: string | undefined;
  readonly pairDirectory?: string | undefined;
  readonly accessKey?: string | undefined;
  readonly secretKeyFile?: string | undefined;
  readonly keyring?: boolean | undefined;
  readonly subjectTokenFile?: string | undefined;
}

const otherSources =
  '--pair-directory, --access-key with --secret-key-file or --keyring, --subject-token-file, or the ' +
  `variables ${variables.accessKey} and ${variables.secretKey}.`;

/** What to do without a credential, for a command with the argument PAIR and one without it. */
const sourcesHint = `Use PAIR, ${otherSources}`;
export const hintWithoutPair = `Use ${otherSources}`;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Chooses the source of the credential: the one that the options name, else the one of the environment.
 *
 * @param hint what to do if there is none, for a command with fewer options
 * @throws TokenError if the options name several, an incomplete one or none
 */
export function chooseSource(options: SourceOptions, env: Environment, hint = sourcesHint): CredentialSource {
  const [first, second] = sourcesOf(options);
  if (first && second) throw new TokenError('usage', `${first.flag} and ${second.flag} cannot be combined`);
  const { accessKey } = options;
  if (first?.needsAccessKey && accessKey === undefined) {
    throw new TokenError('usage', `${first.flag} requires --access-key`);
  }
  if (accessKey !== undefined && !first?.needsAccessKey) {
    throw new TokenError('usage', '--access-key requires --secret-key-file or --keyring', {
      hint: 'The secret key is never an argument, because every process of the machine can read arguments.',
    });
  }
  const source = first?.source ?? sourceOfEnvironment(env);
  if (source) return source;
  throw new TokenError('usage', 'no credential: name a key pair or a token to exchange', { hint });
}

interface NamedSource {
  readonly flag: string;
  readonly needsAccessKey?: boolean;
  readonly source: CredentialSource;
}

function sourcesOf(options: SourceOptions): NamedSource[] {
  const { pair, pairDirectory, accessKey = '', secretKeyFile, keyring, subjectTokenFile } = options;
  const named: (NamedSource | undefined)[] = [
    pair === undefined ? undefined : { flag: 'PAIR', source: { kind: 'secret', pair } },
    pairDirectory === undefined
      ? undefined
      : { flag: '--pair-directory', source: { kind: 'directory', directory: pairDirectory } },
    secretKeyFile === undefined
      ? undefined
      : { flag: '--secret-key-file', needsAccessKey: true, source: { kind: 'file', accessKey, file: secretKeyFile } },
    keyring ? { flag: '--keyring', needsAccessKey: true, source: { kind: 'keyring', accessKey } } : undefined,
    subjectTokenFile === undefined
      ? undefined
      : { flag: '--subject-token-file', source: { kind: 'subject-token', file: subjectTokenFile } },
  ];
  return named.filter((one) => one !== undefined);
}

/** An empty variable counts as unset. */
function sourceOfEnvironment(env: Environment): CredentialSource | undefined {
  const get = (name: keyof typeof variables) => env[variables[name]] || undefined;
  const [accessKey, secretKey] = [get('accessKey'), get('secretKey')];
  if (accessKey !== undefined && secretKey !== undefined) return { kind: 'environment' };
  if (accessKey !== undefined || secretKey !== undefined) {
    const missing = accessKey === undefined ? variables.accessKey : variables.secretKey;
    throw new TokenError('usage', `${missing} is not set, but the other half of the key pair is`);
  }
  const directory = get('pairDirectory');
  if (directory !== undefined) return { kind: 'directory', directory };
  if (get('subjectToken') !== undefined) return { kind: 'subject-token-environment' };
  const file = get('subjectTokenFile');
  if (file !== undefined) return { kind: 'subject-token', file };
  return undefined;
}
