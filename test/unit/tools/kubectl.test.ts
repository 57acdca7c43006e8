import { expect, it } from 'vitest';
import { manifestStream, requireCluster } from '../../../tools/kubectl.ts';

it('reports in one line that a cluster cannot be reached', async () => {
  const output = 'E1129 memcache.go: connection refused\nThe connection to the server 127.0.0.1:1 was refused';
  const kubectl = { kubeconfig: '/kubeconfig', run: () => Promise.reject(new Error(output)) };
  await expect(requireCluster(kubectl)).rejects.toThrow(
    /^cannot reach the cluster of the kubeconfig \/kubeconfig: The connection to the server 127\.0\.0\.1:1 was refused$/,
  );
});

it('accepts a cluster that returns its version', async () => {
  await expect(
    requireCluster({ kubeconfig: '/kubeconfig', run: () => Promise.resolve('{}') }),
  ).resolves.toBeUndefined();
});

it('writes several manifests as a stream', () => {
  expect(manifestStream([{ kind: 'A' }, { kind: 'B' }])).toBe('{"kind":"A"}\n{"kind":"B"}');
  expect(manifestStream({ kind: 'A' })).toBe('{"kind":"A"}');
});
