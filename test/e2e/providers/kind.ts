import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateBinaries } from '../../../tools/go-programs/locate.ts';
import { run, succeeds } from '../../../tools/run-command.ts';
import type { Provider } from './provider.ts';

/** A kind cluster, whose nodes are Docker containers. */
export const kind: Provider = {
  name: 'kind',
  async available() {
    const programs = [
      ['kind is not on the PATH', 'kind', 'version'],
      ['the Docker daemon does not respond', 'docker', 'info'],
    ] as const;
    const wrong = await Promise.all(
      programs.map(async ([problem, program, argument]) => ((await succeeds(program, [argument])) ? [] : [problem])),
    );
    return wrong.flat();
  },
  async start(log) {
    const { kubectl } = await locateBinaries({ log });
    const directory = await mkdtemp(join(tmpdir(), 'accesskey-kind-'));
    const kubeconfig = join(directory, 'kubeconfig');
    const name = `accesskey-e2e-${process.pid}`;
    const stop = async () => {
      await run('kind', ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig]);
      await rm(directory, { recursive: true, force: true });
    };
    try {
      await run('kind', ['create', 'cluster', '--name', name, '--kubeconfig', kubeconfig, '--wait', '120s']);
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      kubeconfig,
      kubectl,
      loadImages: async (archive) => void (await run('kind', ['load', 'image-archive', archive, '--name', name])),
      restartKubelet: async () =>
        void (await run('docker', ['exec', `${name}-control-plane`, 'systemctl', 'restart', 'kubelet'])),
      stop,
    };
  },
};
