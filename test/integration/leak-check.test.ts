/** Stopping a test cluster detects leaks. A module that is preloaded into the operator leaks on purpose here. */
import { afterEach, expect, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, getToken } from '../support/platform.ts';

const gossip = 'data:text/javascript,process.stderr.write(process.env.SECRET + "\\n")';
let cluster: TestCluster | undefined;
afterEach(() => cluster?.controlPlane.stop());

test('stopping the cluster fails if a stopped operator has written a secret key or a token', async () => {
  cluster = await startTestCluster();
  const { kubectl } = cluster;
  const operator = await cluster.startOperator();
  await createNamespace(kubectl, 'people');
  const { sk, ...rest } = await createPair(kubectl, accessKeyManifest('people', 'ann'));
  const token = await getToken(operator.url, { ...rest, sk });
  await poll('the sk to be known', async () => cluster?.secretKeys.has(sk));
  const options = (secret: string) => ({ nodeArguments: ['--import', gossip], environment: { SECRET: secret } });
  for (const secret of [sk, token]) {
    const teller = await cluster.startOperator({}, undefined, options(secret));
    expect(await teller.stop()).toBe(0);
  }
  const end = await cluster.stop().catch((error: Error) => error.message);
  expect(end).toBe('a secret key is in the output, a token is in the output');
});
