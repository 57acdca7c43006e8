import type { KeyPair } from '../../credential/key-pair.ts';
import { printable } from '../../kube/printable.ts';
import { unlessAborted } from '../../kube/time.ts';
import type { CliContext } from '../common/context.ts';
import { kubeconfigPaths } from '../common/kubeconfig-paths.ts';
import { readCA } from '../token/ca-file.ts';
import type { OpenedSource } from '../token/read-source.ts';
import { openSource } from '../token/read-source.ts';
import { requestToken } from '../token/request-token.ts';
import { unverifiedClaims } from '../token/response.ts';
import { chooseSource } from '../token/source.ts';
import { TokenError } from '../token/token-error.ts';
import { checkStore, execEntry, type Store, storeWarning } from './exec-entry.ts';
import { isFound } from './find-program.ts';
import { sourceEffects, type TokenFlags, termsOf } from './get-token.ts';
import { writeKeyring } from './keyring.ts';
import { clusterOfContext, currentContextOf, type KubeconfigChange, requireCluster } from './kubeconfig-change.ts';
import { readKubeconfigs } from './kubeconfig-files.ts';
import { loginWarnings } from './login-warnings.ts';
import { storeLogin } from './store-login.ts';

export interface LoginFlags extends TokenFlags {
  store?: Store;
  user: string;
  cluster?: string;
  newContext?: string;
  useContext?: boolean;
  command: string;
  force?: boolean;
  skipCheck?: boolean;
}

/**
 * Writes a kubeconfig user for the credential, after a token was requested with it. The kubeconfig is written last, so a
 * failed login changes nothing in it.
 *
 * @throws TokenError, KubernetesError
 */
export async function login(context: CliContext, flags: LoginFlags): Promise<void> {
  const { store, command, caFile, allowPlainHttp: allowPlainHTTP = false } = flags;
  const { signal } = context;
  const source = chooseSource(flags, context.env);
  checkStore(source, store);
  const terms = await termsOf(context, flags);
  const paths = kubeconfigPaths(flags.kubeconfig, context.env, context.home);
  const kubeconfigContext = await planContext(paths, flags);
  const opened = openSource(source, sourceEffects(context, flags));
  const credential = rememberRead(await unlessAborted(opened, signal));
  if (!flags.skipCheck) await checkCredential(context, flags, terms, credential);
  const stored = store && { store, pair: await unlessAborted(pairOf(credential), signal) };
  const exec = execEntry({ ...terms, caFile, allowPlainHTTP, command }, source, stored);
  const { user, useContext: use = false, force = false } = flags;
  const change: KubeconfigChange = { user, exec, context: kubeconfigContext, use, force };
  const forKeyring = stored?.store === 'keyring' ? stored.pair : undefined;
  const changed = await storeLogin(paths, change, forKeyring, { signal, stderr: context.stderr, writeKeyring });
  await report(context, change, changed);
  const warning = storeWarning(source, store);
  if (warning !== undefined) context.stderr.write(`warning: ${warning}\n`);
}

/** A credential on standard input can be read only once. */
function rememberRead({ identity, read }: OpenedSource): OpenedSource {
  let result: ReturnType<typeof read> | undefined;
  return {
    identity,
    read: () => {
      result ??= read();
      return result;
    },
  };
}

async function pairOf({ read }: OpenedSource): Promise<KeyPair> {
  const credential = await read();
  if ('pair' in credential) return credential.pair;
  throw new TokenError('usage', '--store requires a key pair');
}

/** @returns the context to write; undefined if the kubeconfig has no cluster */
async function planContext(paths: readonly string[], flags: LoginFlags): Promise<KubeconfigChange['context']> {
  const { user, newContext, useContext, namespace } = flags;
  const files = await readKubeconfigs(paths);
  const current = flags.context || currentContextOf(files);
  if (flags.cluster !== undefined) requireCluster(files, flags.cluster);
  const cluster = flags.cluster ?? (current === undefined ? undefined : clusterOfContext(files, current));
  if (cluster !== undefined) {
    return { name: newContext ?? `${user}@${cluster}`, fields: { cluster, user, namespace } };
  }
  if (!newContext && !useContext && !flags.context) return undefined;
  throw new TokenError('usage', 'the kubeconfig has no cluster for the context: set --cluster');
}

/** Requests a token without the cache, so that a wrong credential is found now. */
async function checkCredential(
  context: CliContext,
  { caFile }: LoginFlags,
  terms: Parameters<typeof requestToken>[1],
  { read }: OpenedSource,
): Promise<void> {
  const { env, now, signal, stderr } = context;
  const credential = await unlessAborted(read(), signal);
  const { token } = await requestToken(credential, terms, { env, now, signal, ca: await readCA(caFile) });
  const user = printable(String(unverifiedClaims(token)?.preferred_username ?? 'the user'));
  stderr.write(`The token server accepts the credential of ${user}.\n`);
  for (const warning of loginWarnings(token)) stderr.write(`warning: ${warning}\n`);
}

async function report(context: CliContext, change: KubeconfigChange, files: readonly string[]): Promise<void> {
  // Names can come from the kubeconfig, which another program may have written.
  const out = (line: string) => context.stdout.write(`${printable(line)}\n`);
  const message = (line: string) => context.stderr.write(`${printable(line)}\n`);
  const written = `Written to ${files.join(' and ')}.`;
  out(`User "${change.user}" set.`);
  if (change.context) {
    out(`Context "${change.context.name}" set.`);
    if (change.use) out(`Switched to context "${change.context.name}".`);
    message(`${written} Use it: kubectl --context ${change.context.name} get pods`);
  } else {
    message(`${written} The kubeconfig has no cluster, so no context was created.`);
  }
  const { command } = change.exec;
  if (!(await isFound(command, context.env))) {
    message(`warning: kubectl will not find ${command}: add it to PATH, or name its path with --command`);
  }
}
