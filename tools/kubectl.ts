import { execFile } from 'node:child_process';

/** A kubectl that ended with an error; the message is what it wrote to standard error. */
export class KubectlError extends Error {
  override readonly name = 'KubectlError';
}

/** Runs kubectl against one cluster. */
export interface Kubectl {
  /** Path of the program. */
  readonly path: string;
  readonly kubeconfig: string;
  /**
   * Runs kubectl and gives its standard output.
   *
   * @param input standard input, for `-f -`
   * @throws KubectlError when it ends with another code than 0
   */
  run(args: readonly string[], input?: string): Promise<string>;
  /** Runs `kubectl get ... -o json` and gives the object. */
  get<T = unknown>(...args: string[]): Promise<T>;
  /** Runs `kubectl apply -f -` with this manifest. */
  apply(manifest: unknown, ...args: string[]): Promise<string>;
}

const maxOutputBytes = 64 * 1024 * 1024;

export function createKubectl(path: string, kubeconfig: string): Kubectl {
  function run(args: readonly string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const all = ['--kubeconfig', kubeconfig, ...args];
      const child = execFile(path, all, { maxBuffer: maxOutputBytes }, (error, stdout, stderr) => {
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
    apply: (manifest, ...args) => run(['apply', '-f', '-', ...args], JSON.stringify(manifest)),
  };
}
