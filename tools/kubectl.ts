import { execFile } from 'node:child_process';

/** kubectl failed; the message is its standard error. */
export class KubectlError extends Error {
  override readonly name = 'KubectlError';
}

/** Runs kubectl with one kubeconfig. */
export interface Kubectl {
  /** Path of the program. */
  readonly path: string;
  readonly kubeconfig: string;
  /**
   * Runs kubectl.
   *
   * @param input standard input, for `-f -`
   * @returns its standard output
   * @throws KubectlError if the exit code is not 0
   */
  run(args: readonly string[], input?: string): Promise<string>;
  /** Runs `kubectl get ... -o json` and returns the parsed object. */
  get<T = unknown>(...args: string[]): Promise<T>;
  /** Runs `kubectl apply -f -` with one manifest or several. */
  apply(manifests: object | readonly object[], ...args: string[]): Promise<string>;
}

const maxOutputBytes = 64 * 1024 * 1024;
/** The process ends before garbage collection is worth its CPU time, a sixth of that of a call. */
const environment = { GOGC: 'off' };

export function createKubectl(path: string, kubeconfig: string): Kubectl {
  function run(args: readonly string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const allArgs = ['--kubeconfig', kubeconfig, ...args];
      const options = { maxBuffer: maxOutputBytes, env: { ...process.env, ...environment } };
      const child = execFile(path, allArgs, options, (error, stdout, stderr) => {
        if (error) reject(new KubectlError(stderr.trim() || error.message));
        else resolve(stdout);
      });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }
  return {
    path,
    kubeconfig,
    run,
    get: async <T>(...args: string[]) => JSON.parse(await run(['get', ...args, '-o', 'json'])) as T,
    apply: (manifests, ...args) => run(['apply', '-f', '-', ...args], manifestStream(manifests)),
  };
}

/**
 * One manifest or several as the input of kubectl: a stream, not a List. For a List, which is not in the OpenAPI v3
 * documents, kubectl requests the OpenAPI v2 document, and the API server spends more than a second of CPU time on it.
 */
export function manifestStream(manifests: object | readonly object[]): string {
  return [manifests]
    .flat()
    .map((manifest) => JSON.stringify(manifest))
    .join('\n');
}

/** @throws Error with one line if the API server of a kubeconfig cannot be reached */
export async function requireCluster({ run, kubeconfig }: Pick<Kubectl, 'run' | 'kubeconfig'>): Promise<void> {
  await run(['get', '--raw=/version', '--request-timeout=20s']).catch((error: Error) => {
    const reason = error.message.trim().split('\n').at(-1) ?? '';
    throw new Error(`cannot reach the cluster of the kubeconfig ${kubeconfig}: ${reason}`, { cause: error });
  });
}
