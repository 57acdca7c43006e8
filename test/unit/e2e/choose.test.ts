import { expect, it, vi } from 'vitest';
import { chooseProvider } from '../../e2e/providers/choose.ts';
import { kind } from '../../e2e/providers/kind.ts';

it('chooses the cluster of E2E_KUBECONFIG', async () => {
  const environment = { E2E_KUBECONFIG: '/kubeconfig', E2E_LOAD_IMAGES: 'load', E2E_PROVIDER: 'node' };
  expect((await chooseProvider(environment)).name).toBe('existing');
});

it.each([
  [{ E2E_KUBECONFIG: '/kubeconfig' }, /E2E=skip.*\nexisting: E2E_LOAD_IMAGES is not set/],
  [{ E2E_PROVIDER: 'cloud' }, /E2E_PROVIDER: cloud is neither kind nor node/],
])('reports what is missing with %o instead of skipping the suite', async (environment, problem) => {
  await expect(chooseProvider(environment)).rejects.toThrow(problem);
});

it('does not start a Docker daemon for kind unless E2E_PROVIDER=kind', async () => {
  vi.stubEnv('DOCKER_HOST', 'unix:///nonexistent/docker.sock');
  expect(await kind({}).available()).toEqual(['the Docker daemon does not respond']);
  vi.unstubAllEnvs();
});
