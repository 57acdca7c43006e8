import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import type { TestCluster } from '../support/cluster.ts';
import { metricValue } from '../support/metrics.ts';
import { getToken, listDeployments, type Pair } from '../support/platform.ts';
import {
  accepted,
  allPublish,
  createKnownPair,
  day,
  hour,
  type KeyCluster,
  kidOf,
  publishedKeys,
  type StoredKey,
  startKeyCluster,
  verifiedHeader,
} from '../support/signing-keys.ts';

const refused = 401;

let cluster: TestCluster;
let secret: KeyCluster['secret'];
let clock: KeyCluster['clock'];
let operators: OperatorProcess[] = [];
let pair: Pair;

beforeAll(async () => {
  ({ cluster, secret, clock } = await startKeyCluster());
  await startOperators();
  pair = await createKnownPair(cluster, operators);
});
afterAll(() => cluster?.stop());

/** Replaces the running operators by two new ones. Keys sign for two days, tokens are valid for three at most. */
async function startOperators(algorithm = 'RS256'): Promise<void> {
  await Promise.all(operators.map((operator) => operator.stop()));
  const signingKeys = { algorithm, rotationDays: 2, publishAheadHours: 1 };
  const start = () => cluster.startOperator({ token: { maxCycle: 3, signingKeys } }, undefined, clock.options);
  operators = await Promise.all([start(), start()]);
}

const statuses = (token: string) =>
  Promise.all(operators.map(async ({ url }) => (await listDeployments(url, token)).status));

/** @returns a token issued by one of the operators */
const tokenOf = (index: number) => getToken(operators[index]?.url ?? '', pair, '&cycle=3');

async function pass(seconds: number): Promise<void> {
  clock.advance(seconds);
  await secret.touch();
}

/** Waits for a key set that meets the condition, and until all operators use it. */
async function untilKeys(what: string, isSo: (keys: StoredKey[]) => boolean): Promise<StoredKey[]> {
  const keys = await poll(what, async () => {
    const found = await secret.keys();
    return isSo(found) && found;
  });
  await allPublish(operators, keys);
  return keys;
}

/** Log lines about changes of the key set. */
const changes = () => cluster.operatorOutput().filter((line) => line.includes('signing keys changed'));

/** Waits until an operator logs that a key is active, which happens after the Secret is written. */
const loggedActive = (kid: string | undefined) =>
  poll('the log line', async () => changes().some((line) => line.includes(`"active":["${kid}"]`)));

const states = (keys: readonly StoredKey[]) => keys.map(({ state }) => state);

test('two operators that start together create one active and one next key', async () => {
  expect(states(await secret.keys())).toEqual(['active', 'next']);
  await allPublish(operators, await secret.keys());
  for (const operator of operators) {
    expect(await metricValue(operator, 'accesskey_signing_keys{state="next"}')).toBe(1);
    expect(await metricValue(operator, 'accesskey_signing_keys_broken')).toBe(0);
  }
});

test('the Role permits changes of the signing-key Secret, but of no other Secret', async () => {
  const flags = ['-n', 'accesskey-system', '--as=system:serviceaccount:accesskey-system:keys-only'];
  const role = ['--role=accesskey-operator', '--serviceaccount=accesskey-system:keys-only'];
  await cluster.kubectl.run(['create', 'rolebinding', 'keys-only', '-n', 'accesskey-system', ...role]);
  const list = (name: string) =>
    cluster.kubectl.run(['get', 'secrets', ...flags, '-o', 'name', `--field-selector=metadata.name=${name}`]);
  await poll('the right', async () => (await list('accesskey-operator-signing-keys')).startsWith('secret/'));
  for (const verb of ['watch', 'patch']) {
    const question = ['auth', 'can-i', verb, 'secrets/accesskey-operator-signing-keys', ...flags];
    expect((await cluster.kubectl.run(question)).trim()).toBe('yes');
  }
  // It can list all Secrets of the namespace, since clusters are registered with Secrets.
  for (const verb of ['get', 'delete']) {
    const asked = cluster.kubectl.run([verb, 'secret', 'another', ...flags]);
    await expect(asked).rejects.toThrow(`cannot ${verb} resource`);
  }
  await expect(cluster.kubectl.run(['auth', 'can-i', 'patch', 'secrets/another', ...flags])).rejects.toThrow();
});

describe('rotation by schedule', () => {
  let before: StoredKey[];
  let token: string;

  test('makes the next key active, and all operators still accept older tokens', async () => {
    before = await secret.keys();
    token = await tokenOf(0);
    await pass(2 * day + 60);
    const after = await untilKeys('a rotation', (keys) => keys.length === 3);
    expect(kidOf(after, 'active')).toBe(kidOf(before, 'next'));
    expect(kidOf(after, 'retired')).toBe(kidOf(before, 'active'));
    expect(after.find(({ state }) => state === 'retired')).not.toHaveProperty('d');
    expect(await statuses(token)).toEqual([accepted, accepted]);
    for (const index of [0, 1]) {
      const fresh = await tokenOf(index);
      expect(await statuses(fresh)).toEqual([accepted, accepted]);
      for (const operator of operators) {
        expect((await verifiedHeader(operator, fresh, clock.now())).kid).toBe(kidOf(after, 'active'));
        expect((await verifiedHeader(operator, token, clock.now())).kid).toBe(kidOf(before, 'active'));
      }
    }
  });

  test('publishes no private part of a key', async () => {
    const { keys } = await publishedKeys(operators[0] as OperatorProcess);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  });

  test('removes the retired key once its last token has expired', async () => {
    await pass(3 * day + hour);
    await untilKeys('the end of the retired key', (keys) => !keys.some(({ kid }) => kid === kidOf(before, 'active')));
    expect(await statuses(token)).toEqual([refused, refused]);
  });
});

describe('revocation by annotation', () => {
  test('invalidates the tokens of the key immediately and makes the next key active', async () => {
    const before = await secret.keys();
    const token = await tokenOf(1);
    expect(await statuses(token)).toEqual([accepted, accepted]);
    await secret.annotate(`ghippo.io/revoke-signing-key=${kidOf(before, 'active')}`);
    const after = await untilKeys('the revocation', (keys) => kidOf(keys, 'active') === kidOf(before, 'next'));
    expect(after.map(({ kid }) => kid)).not.toContain(kidOf(before, 'active'));
    expect(states(after).filter((state) => state !== 'retired')).toEqual(['active', 'next']);
    expect(await statuses(token)).toEqual([refused, refused]);
    expect(await statuses(await tokenOf(0))).toEqual([accepted, accepted]);
  });

  test('ignores an unknown kid and happens once; rotation by annotation keeps the tokens valid', async () => {
    const before = await secret.keys();
    const token = await tokenOf(0);
    await loggedActive(kidOf(before, 'active'));
    const written = changes().length;
    await secret.annotate('ghippo.io/revoke-signing-key=unknown');
    await pass(hour + 60);
    await secret.touch();
    // Reconciled after the unknown kid, so that a change because of the latter is also logged and in the set.
    await secret.annotate(`ghippo.io/rotate-signing-key=${kidOf(before, 'active')}`);
    const after = await untilKeys('the rotation', (keys) => kidOf(keys, 'active') === kidOf(before, 'next'));
    await loggedActive(kidOf(before, 'next'));
    expect(changes()).toHaveLength(written + 1);
    const kidsOf = (keys: readonly StoredKey[]) => keys.map(({ kid }) => kid);
    expect(kidsOf(after)).toEqual(expect.arrayContaining(kidsOf(before)));
    expect(await statuses(token)).toEqual([accepted, accepted]);
  });
});

test('tokens stay valid when the algorithm changes from RS256 to ES256 to EdDSA', async () => {
  const tokens = [{ alg: 'RS256', token: await tokenOf(0) }];
  for (const alg of ['ES256', 'EdDSA']) {
    await startOperators(alg);
    // A next key with another algorithm is kept for at least a minute.
    await pass(61);
    const announced = await untilKeys('the next key', (keys) =>
      keys.some((key) => key.state === 'next' && key.alg === alg),
    );
    expect(announced.find(({ state }) => state === 'active')?.alg).toBe(tokens.at(-1)?.alg);
    await pass(hour + 60);
    await untilKeys('the new algorithm', (keys) => keys.some((key) => key.state === 'active' && key.alg === alg));
    tokens.push({ alg, token: await tokenOf(1) });
  }
  for (const { alg, token } of tokens) {
    expect(await statuses(token)).toEqual([accepted, accepted]);
    for (const operator of operators) {
      expect(await verifiedHeader(operator, token, clock.now())).toMatchObject({ alg, typ: 'JWT' });
    }
  }
});
