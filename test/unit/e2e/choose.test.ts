import { expect, it } from 'vitest';
import { chooseProvider } from '../../e2e/providers/choose.ts';

it('takes the cluster of E2E_KUBECONFIG', async () => {
  const environment = { E2E_KUBECONFIG: '/kubeconfig', E2E_LOAD_IMAGES: 'load', E2E_PROVIDER: 'node' };
  expect((await chooseProvider(environment)).name).toBe('existing');
});

it.each([
  [{ E2E_KUBECONFIG: '/kubeconfig' }, /E2E=skip.*\nexisting: E2E_LOAD_IMAGES is not set/],
  [{ E2E_PROVIDER: 'cloud' }, /E2E_PROVIDER: cloud is neither kind nor node/],
])('says what is missing with %o, and leaves nothing out in silence', async (environment, problem) => {
  await expect(chooseProvider(environment)).rejects.toThrow(problem);
});
