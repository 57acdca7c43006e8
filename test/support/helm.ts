import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { helmPrograms } from '../../tools/go-programs/program-sets.ts';
import type { Manifest } from '../../tools/install.ts';
import { run } from '../../tools/run-command.ts';

export const chart = join(import.meta.dirname, '../../charts/accesskey-operator');

/** Values as Helm takes them from a file. */
export type Values = Record<string, unknown>;

/** Helm, with nothing of what whoever runs the tests has set for theirs. */
export interface Helm {
  /**
   * Runs Helm and gives its standard output.
   *
   * @throws Error with what it wrote to standard error when it ends with another code than 0
   */
  run(args: readonly string[]): Promise<string>;
  /**
   * The objects of the chart, for a version of Kubernetes that it takes unless told otherwise.
   *
   * @throws Error for what is no YAML, and for a key that is there twice
   */
  template(namespace: string, values?: Values, ...args: string[]): Promise<Manifest[]>;
}

/** @param kubeconfig of the cluster, for what needs one */
export async function openHelm(kubeconfig?: string): Promise<Helm> {
  const { helm } = await locatePrograms(helmPrograms);
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('HELM_') && name !== 'KUBECONFIG');
  const env = { ...Object.fromEntries(own), ...(kubeconfig && { KUBECONFIG: kubeconfig }) };
  const runHelm = (args: readonly string[]) => run(helm, args, { env });
  return {
    run: runHelm,
    async template(namespace, values = {}, ...args) {
      const release = ['template', 'accesskey-operator', chart, '--namespace', namespace, '--kube-version=1.36.0'];
      const text = await runHelm([...release, ...valueFlags(values), ...args]);
      return parseAllDocuments(text).flatMap((document) => {
        const [error] = document.errors;
        if (error) throw error;
        return document.toJS() ?? [];
      });
    },
  };
}

/** Flags that give these values; JSON keeps numbers and lists what they are. */
export function valueFlags(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);
}
