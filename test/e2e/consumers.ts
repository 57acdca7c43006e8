import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { type AccessKeyObject, accessKeyManifest, waitReady } from '../support/platform.ts';
import { shop } from './environment.ts';
import { images } from './images/build.ts';
import { stepMs } from './time-limit.ts';
import { deploymentOf, linesOf } from './workloads.ts';

/** The languages of examples/consumers. */
export const languages = ['typescript', 'go', 'python', 'curl'] as const;

const name = 'service';
const user = { name, groups: ['readers'] };

/** The services of the examples, as pods that share a key pair. */
export interface Consumers {
  /** Waits until each service uses the pair with this ak and has listed deployments twice more. */
  listWith(accessKey: string): Promise<void>;
  /** @returns the aks with which a service has got a token, oldest first */
  accessKeysOf(language: string): Promise<string[]>;
  /** Rotates the pair. @returns the new ak */
  rotate(): Promise<string>;
}

/** Starts the services. @returns the services and the ak of their pair */
export async function startConsumers(kubectl: Kubectl): Promise<[Consumers, string]> {
  await kubectl.apply(accessKeyManifest(shop, name, { user }));
  const { status } = await waitReady(kubectl, shop, name);
  const volumes = { '/etc/accesskey': { secret: { secretName: `${name}-main` } } };
  for (const language of languages) {
    const environment = { INTERVAL_SECONDS: '1' };
    await kubectl.apply(deploymentOf({ name: language, image: images[language], environment, volumes }));
  }
  const prefix = 'token for ';
  const matching = async (language: string, part: string) =>
    (await linesOf(kubectl, language)).filter((line) => line.includes(part));
  const accessKeysOf = async (language: string) =>
    (await matching(language, prefix)).map((line) => line.slice(prefix.length));
  const wait = <T>(what: string, ask: () => Promise<T | undefined | false>) => poll(what, ask, stepMs);
  const listings = async (language: string) => (await matching(language, ' deployments')).length;
  const consumers: Consumers = {
    accessKeysOf,
    async listWith(accessKey) {
      for (const language of languages) {
        await wait(`the pair at ${language}`, async () => (await accessKeysOf(language)).at(-1) === accessKey);
        const known = await listings(language);
        await wait(`two listings of ${language}`, async () => (await listings(language)) >= known + 2);
      }
    },
    async rotate() {
      await kubectl.apply(accessKeyManifest(shop, name, { user, keyPairs: [{ name: 'main', revision: 2 }] }));
      return wait('a rotation', async () => {
        const { status } = await kubectl.get<AccessKeyObject>('accesskey', name, '-n', shop);
        const pair = status.keyPairs?.[0];
        return pair?.revision === 2 && pair.accessKey;
      }).then(String);
    },
  };
  return [consumers, status.keyPairs?.[0]?.accessKey ?? ''];
}
