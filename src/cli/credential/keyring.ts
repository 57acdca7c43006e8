/** Secret keys in the keyring of the system: Secret Service, Keychain or Credential Manager. */
import { TokenError } from '../token/token-error.ts';

/** Name under which desktop programs show the entries. */
const service = 'kubectl-accesskey';
/** If unset, the library uses the keyring of the kernel, which loses its entries at logout. */
const options = { linux: { store: 'secret-service' } } as const;

/**
 * @returns the sk of an ak; undefined if the keyring has none
 * @throws TokenError if there is no keyring, or it stays locked
 */
export async function readKeyring(ak: string): Promise<string | undefined> {
  return attempt(async (entry) => (await entry.getPassword()) ?? undefined, ak);
}

/**
 * Stores the sk of an ak, and replaces an earlier one.
 *
 * @returns a function that restores the earlier state
 * @throws TokenError as `readKeyring`
 */
export function writeKeyring(ak: string, sk: string): Promise<() => Promise<void>> {
  return attempt((entry) => replacePassword(entry, sk), ak);
}

/** An entry of the keyring. */
export interface KeyringEntry {
  getPassword(): Promise<string | null | undefined>;
  setPassword(password: string): Promise<void>;
  deleteCredential(): Promise<unknown>;
}

/** @returns as `writeKeyring` */
export async function replacePassword(entry: KeyringEntry, password: string): Promise<() => Promise<void>> {
  const previous = await entry.getPassword();
  await entry.setPassword(password);
  return async () => {
    if (previous === undefined || previous === null) await entry.deleteCredential();
    else await entry.setPassword(previous);
  };
}

async function attempt<T>(action: (entry: KeyringEntry) => Promise<T>, ak: string): Promise<T> {
  const Keyring = await load();
  try {
    return await action(new Keyring(service, ak, options));
  } catch (error) {
    // The messages of the library name the backend, never a password.
    throw unavailable((error as Error).message.split('\n', 1)[0] ?? '');
  }
}

/** The package is optional: there is no build of it for some systems, and the single executable cannot load it. */
async function load(): Promise<new (service: string, account: string, more: typeof options) => KeyringEntry> {
  try {
    return (await import('@napi-rs/keyring')).AsyncEntry;
  } catch {
    throw unavailable('the package @napi-rs/keyring is not installed');
  }
}

function unavailable(reason: string): TokenError {
  return new TokenError('credential', `the keyring cannot be used: ${reason}`, {
    hint: 'Keep the secret key in a file that only you can read, and name it with --secret-key-file.',
  });
}
