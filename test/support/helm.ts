import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { locatePrograms } from '../../tools/go-programs/locate.ts';
import { helmPrograms } from '../../tools/go-programs/program-sets.ts';
import type { Manifest } from '../../tools/install.ts';
import { run } from '../../tools/run-command.ts';

export const chart = join(import.meta.dirname, '../../charts/accesskey-operator');

/** Values of the chart. */
export type Values = Record<string, unknown>;

/** Helm, without the settings of the user who runs the tests. */
export interface Helm {
  /**
   * Runs Helm. @returns its standard output
   *
   * @throws Error with its standard error if it exits with another code than 0
   */
  run(args: readonly string[]): Promise<string>;
  /**
   * Renders the objects of the chart, by default for a supported version of Kubernetes.
   *
   * @throws Error for invalid YAML and for duplicate keys
   */
  template(namespace: string, values?: Values, ...args: string[]): Promise<Manifest[]>;
}

/** @param kubeconfig of the cluster, for commands that need one */
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

/** @returns flags with these values, as JSON to keep their types */
export function valueFlags(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);
}
