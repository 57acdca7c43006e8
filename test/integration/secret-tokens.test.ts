/** Tokens that the operator keeps in the Secrets of key pairs (`keyPairs[].token`). */
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { accessKeyManifest, createNamespace, createPair, readPair } from '../support/platform.ts';
import { reconcileAgain } from '../support/reconciliation.ts';
import { shiftedClock } from '../support/shifted-clock.ts';

interface SecretObject {
  metadata: { resourceVersion: string; annotations: Record<string, string> };
  data: Record<string, string>;
}

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;
let clock: ReturnType<typeof shiftedClock>;

const start = () => cluster.startOperator({}, cluster.operatorKubeconfig, clock.options);

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  clock = shiftedClock(join(cluster.directory, 'clock'));
  operator = await start();
  await createNamespace(kubectl, 'people');
  await createPair(kubectl, accessKeyManifest('people', 'ann', { keyPairs: [pairWith()] }));
});
afterAll(() => cluster?.stop());

const pairWith = (change: object = {}) => ({ name: 'main', token: { key: 'bearer', validFor: '1h' }, ...change });
const edit = (change: object) => {
  const patch = JSON.stringify({ spec: { keyPairs: [pairWith(change)] } });
  return kubectl.run(['patch', 'accesskey', 'ann', '-n', 'people', '--type=merge', '-p', patch]);
};
const getSecret = () => kubectl.get<SecretObject>('secret', 'ann-main', '-n', 'people');
const readToken = async () => Buffer.from((await getSecret()).data.bearer ?? '', 'base64').toString();
const otherToken = (before: string) =>
  poll('another token', async () => {
    const token = await readToken();
    return token !== '' && token !== before && token;
  });
const useToken = async (token: string) =>
  (await fetch(`${operator.url}/oauth2/auth`, { headers: { authorization: `Bearer ${token}` } })).status;

test('a token of the pair is in its Secret and works', async () => {
  const token = await otherToken('');
  const { ak } = await readPair(kubectl, 'people', 'ann-main');
  const { client_id, preferred_username, iat = 0, exp = 0 } = decodeJwt(token);
  expect([client_id, preferred_username, exp - iat]).toEqual([ak, 'ann', 3600]);
  expect(await useToken(token)).toBe(200);
});

test('it is not written again after a restart, and renewed before half of its validity has passed', async () => {
  const before = await getSecret();
  await operator.stop('SIGKILL');
  operator = await start();
  await reconcileAgain(operator, kubectl, 'people/ann');
  expect((await getSecret()).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  const token = await readToken();
  await operator.stop();
  clock.shift(31 * 60);
  operator = await start();
  expect(await useToken(await otherToken(token))).toBe(200);
});

test('it is renewed if the clock was ahead when it was issued, because it would be rejected until then', async () => {
  const token = await readToken();
  await operator.stop();
  clock.shift(0);
  operator = await start();
  expect(await useToken(await otherToken(token))).toBe(200);
});

test('it is removed while the pair is disabled, and of the new pair after a rotation', async () => {
  const token = await readToken();
  await edit({ enabled: false });
  await poll('the removal', async () => !('bearer' in (await getSecret()).data));
  expect((await getSecret()).metadata.annotations).not.toHaveProperty('ghippo.io/token');
  expect(await useToken(token)).toBe(401);
  await edit({ revision: 2 });
  const renewed = await otherToken(token);
  await poll('the token of the new pair', async () => {
    const { ak } = await readPair(kubectl, 'people', 'ann-main');
    return decodeJwt(await readToken()).client_id === ak && ak !== decodeJwt(token).client_id;
  });
  expect(renewed).not.toBe(token);
});

test('it is renewed after its signing key was revoked', async () => {
  const token = await readToken();
  const { kid = '' } = decodeProtectedHeader(token);
  const annotation = `ghippo.io/revoke-signing-key=${kid}`;
  const keys = ['secret', 'accesskey-operator-signing-keys', '-n', 'accesskey-system'];
  await kubectl.run(['annotate', ...keys, '--overwrite', annotation]);
  // A reconcile notices it within 30 seconds.
  const renewed = await poll('a token of another key', async () => {
    const current = await readToken();
    return decodeProtectedHeader(current).kid !== kid && current;
  });
  expect(await useToken(renewed)).toBe(200);
});

test.each(['ak', 'sk'])('its key must not be that of the pair: %s', async (key) => {
  await expect(edit({ token: { key } })).rejects.toThrow(/token\.key/);
});

test('its audience must be one of spec.audiences', async () => {
  await expect(edit({ token: { audience: 'prometheus' } })).rejects.toThrow(
    'keyPairs[].token.audience must be one of audiences',
  );
});
