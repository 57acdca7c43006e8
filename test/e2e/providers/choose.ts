import { existing } from './existing.ts';
import { kind } from './kind.ts';
import { node } from './node.ts';
import type { Provider } from './provider.ts';

/**
 * Chooses a provider: the cluster of E2E_KUBECONFIG, or the provider in E2E_PROVIDER, or the first of kind and node that
 * this machine supports.
 *
 * @throws Error with the unmet requirements of each provider
 */
export async function chooseProvider(environment: NodeJS.ProcessEnv = process.env): Promise<Provider> {
  const problems: string[] = [];
  for (const provider of candidates(environment)) {
    const wrong = await provider.available();
    if (wrong.length === 0) return provider;
    problems.push(...wrong.map((line) => `${provider.name}: ${line}`));
  }
  throw new Error(`no cluster for the end-to-end suite (E2E=skip leaves it out):\n${problems.join('\n')}`);
}

function candidates(environment: NodeJS.ProcessEnv): Provider[] {
  const { E2E_KUBECONFIG, E2E_PROVIDER } = environment;
  if (E2E_KUBECONFIG) return [existing(E2E_KUBECONFIG, environment)];
  const all = [kind(environment), node];
  const named = all.filter(({ name }) => !E2E_PROVIDER || name === E2E_PROVIDER);
  if (named.length === 0) throw new Error(`E2E_PROVIDER: ${E2E_PROVIDER} is neither kind nor node`);
  return named;
}
