/** The operator reports AccessKeys that do not comply with the guardrails, by the rules of the admission policy. */
import fc from 'fast-check';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { guardrailsConfigMap, parseGuardrails } from '../../src/accesskey/guardrails/guardrails.ts';
import { violationsOf } from '../../src/accesskey/guardrails/violations.ts';
import { accessKeys, type KeyPairStatus } from '../../src/accesskey/model/access-key-record.ts';
import type { AccessKeySpec } from '../../src/accesskey/model/types.generated.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { pathOf } from '../../src/kube/resource.ts';
import { type CredentialSessions, createCredentialSessions } from '../../src/kube/transport-session.ts';
import { operatorNamespace } from '../../tools/install.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { type InstalledGuardrails, installGuardrails } from '../support/guardrails.ts';
import { metricValue } from '../support/metrics.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  createPair,
  getToken,
  type Pair,
  readPair,
} from '../support/platform.ts';
import { reconcileAgain, reconciledAfter } from '../support/reconciliation.ts';

const seed = 20261129;
const hour = 3_600_000;
const inHours = (hours: number) => `${new Date(Date.now() + hours * hour).toISOString().slice(0, 19)}Z`;

let cluster: TestCluster;
let kubectl: Kubectl;
let guardrails: InstalledGuardrails;
let sessions: CredentialSessions;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  sessions = createCredentialSessions(() => loadKubeconfig(kubectl.kubeconfig));
  await createNamespace(kubectl, 'team');
  guardrails = await installGuardrails(kubectl);
});
afterAll(async () => {
  await sessions?.close();
  await cluster?.stop();
});

/** @returns the denial of the policy for a dry run, or undefined if the API server accepts the object */
async function denialOf(method: 'POST' | 'PATCH', spec: object): Promise<string | undefined> {
  const name = method === 'POST' ? undefined : 'existing';
  const type = method === 'POST' ? 'application/json' : 'application/merge-patch+json';
  const { server, headers, pools } = await sessions.current();
  const path = pathOf({ ...accessKeys, namespace: 'team', ...(name && { name }) });
  const answer = await request(`${server}${path}?dryRun=All`, {
    method,
    headers: { ...headers, 'content-type': type },
    body: JSON.stringify({ ...accessKeyManifest('team', name ?? 'fresh'), spec }),
    dispatcher: pools.calls,
  });
  const { message = '' } = (await answer.body.json()) as { message?: string };
  if (answer.statusCode < 300) return undefined;
  expect(message, JSON.stringify(spec)).toContain("'guardrails.accesskeys.ghippo.io'");
  return message;
}

const maybe = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 3 });
const anyRotation = maybe(
  { interval: '100h' },
  { interval: '95h', overlap: '5h' },
  { interval: '100h', overlap: '5h' },
  { overlap: '50h' },
  { interval: '90h', overlap: '5h', maxOverlap: '20h' },
  { interval: '900h' },
);
/** The hours are not near a limit, because the clocks of this process and of the API server differ. */
const pair = (name: string, rotation: typeof anyRotation = fc.constant(undefined)) =>
  fc.record({
    name: fc.constant(name),
    enabled: maybe(true, false),
    // The last one is more than the longest duration of CEL, 292 years.
    expiresIn: maybe(-200, 1, 45, 55, 95, 105, 900, 9_000_000),
    revision: maybe(1, 2),
    rotation,
    tokenLifetime: maybe('1h', '90m', '91m', '24h'),
    token: maybe({}, { validFor: '1h' }, { validFor: '25h' }),
  });
const anySpec = fc.record({
  groups: fc.subarray(['viewers', 'developers', 'admins']),
  audiences: fc.subarray(['a', 'b', 'c']),
  // Two key pairs cannot have an overlap.
  keyPairs: fc.oneof(fc.constant([]), fc.tuple(pair('main', anyRotation)), fc.tuple(pair('main'), pair('second'))),
});

/** @returns the sampled spec, as JSON has it */
function specOf({ groups, audiences, keyPairs }: ReturnType<typeof samples>[number]): AccessKeySpec {
  const pairs = keyPairs.map(({ expiresIn, ...rest }) => ({
    ...rest,
    ...(expiresIn !== undefined && { expiresAt: inHours(expiresIn) }),
  }));
  return JSON.parse(JSON.stringify({ user: { name: 'ann', groups }, audiences, keyPairs: pairs }));
}
const samples = (count: number, from = 0) => fc.sample(anySpec, { seed: seed + from, numRuns: count });

describe('the rules of the report', () => {
  const all = {
    maxKeyPairLifetime: '100h',
    requireExpiryOrRotation: 'true',
    maxTokenLifetime: '1h30m',
    allowedGroups: '*: viewers\r\n\n \t\n\tteam: developers \n\r other: admins\n',
    allowedAudiences: '\n a\n\tb\r\n',
  };

  /** @returns how often the policy accepted and denied the specs */
  async function compare(data: Record<string, string>, count: number, createdAt?: number) {
    const limits = parseGuardrails(data);
    const counts = { accepted: 0, denied: 0 };
    const status = (name: string): KeyPairStatus[] =>
      createdAt === undefined
        ? []
        : [{ name, secretName: name, state: 'Active', revision: 1, createdAt: inHours(createdAt) }];
    for (const sample of samples(count, createdAt)) {
      const spec = specOf(sample);
      const examined = { accessKey: { namespace: 'team', spec }, now: Date.now() };
      const keyPairs = [...status('main'), ...status('second')];
      const violations = violationsOf({ ...examined, keyPairs }, limits);
      const denial = await denialOf(createdAt === undefined ? 'POST' : 'PATCH', spec);
      const about = JSON.stringify({ spec, violations, denial });
      expect(denial === undefined, about).toBe(violations.length === 0);
      if (denial !== undefined)
        expect(
          violations.some((one) => denial.includes(one)),
          about,
        ).toBe(true);
      counts[denial === undefined ? 'accepted' : 'denied'] += 1;
    }
    return counts;
  }

  test.each([
    ['without limits', {}, [20, 0]],
    ['with all limits', all, [3, 20]],
    ['with one limit', { maxKeyPairLifetime: '100h' }, [20, 20]],
    ['with another limit', { requireExpiryOrRotation: 'true' }, [20, 10]],
    ['with another limit', { maxTokenLifetime: '1h30m' }, [20, 20]],
    ['with another limit', { allowedGroups: all.allowedGroups }, [20, 20]],
    ['with another limit', { allowedAudiences: all.allowedAudiences }, [20, 20]],
  ])('are those of the policy for new AccessKeys, %s (%j)', async (_, data, [accepted = 0, denied = 0]) => {
    await guardrails.set(data);
    const counts = await compare(data, 80);
    expect(counts.accepted).toBeGreaterThanOrEqual(accepted);
    expect(counts.denied).toBeGreaterThanOrEqual(denied);
  });

  test('are those of the policy for key pairs that the operator created, when they are enabled', async () => {
    await guardrails.set({});
    const disabled = ['main', 'second'].map((name) => ({ name, enabled: false }));
    await kubectl.apply(accessKeyManifest('team', 'existing', { user: { name: 'ann' }, keyPairs: disabled }));
    const createdAt = -50;
    const keyPairs = ['main', 'second'].map((name) => ({
      ...{ name, secretName: name, state: 'Disabled', revision: 1, createdAt: inHours(createdAt) },
    }));
    const patch = JSON.stringify({ status: { keyPairs } });
    const ofStatus = ['--subresource=status', '--type=merge', '-p', patch];
    await kubectl.run(['patch', 'accesskey', 'existing', '-n', 'team', ...ofStatus]);
    await guardrails.set({ maxKeyPairLifetime: '100h' });
    const counts = await compare({ maxKeyPairLifetime: '100h' }, 80, createdAt);
    expect(Math.min(counts.accepted, counts.denied)).toBeGreaterThanOrEqual(10);
    await kubectl.run(['delete', 'accesskey', 'existing', '-n', 'team']);
  });
});

describe('the operator', () => {
  const message =
    'spec.keyPairs[0].tokenLifetime: must be at most 1h (guardrail maxTokenLifetime); ' +
    'spec.user.groups: admins is not allowed in namespace team (guardrail allowedGroups)';
  const limits = { maxTokenLifetime: '1h', allowedGroups: '*: viewers' };
  let operator: OperatorProcess;
  let pair: Pair;

  const get = (name: string) => kubectl.get<AccessKeyObject>('accesskey', name, '-n', 'team');
  const reported = async () => conditionOf(await get('old'), 'NotCompliant');
  /** The use of a key pair is recorded later. */
  const settled = ({ status }: AccessKeyObject) => status.conditions;
  const counted = () => metricValue(operator, 'accesskey_accesskeys_not_compliant');

  beforeAll(async () => {
    await guardrails.set({});
    operator = await cluster.startOperator();
    await createPair(kubectl, accessKeyManifest('team', 'new', { keyPairs: [{ name: 'main', tokenLifetime: '1h' }] }));
    const old = { user: { name: 'old', groups: ['admins'] }, keyPairs: [{ name: 'main', tokenLifetime: '5h' }] };
    pair = await createPair(kubectl, accessKeyManifest('team', 'old', old));
  });

  test('reports nothing without limits', async () => {
    expect(await reported()).toBeUndefined();
    expect(await counted()).toBe(0);
  });

  describe('with limits', () => {
    beforeEach(async () => {
      await guardrails.set(limits);
      await poll('the condition', async () => (await reported())?.status === 'True');
    });

    test('reports the AccessKey that does not comply, and revokes nothing', async () => {
      expect(await reported()).toMatchObject({ reason: 'GuardrailViolated', message });
      expect(conditionOf(await get('old'), 'Ready')).toMatchObject({ status: 'True', reason: 'KeyPairsReady' });
      expect(conditionOf(await get('new'), 'NotCompliant')).toBeUndefined();
      await poll('the metric', async () => (await counted()) === 1);
      await getToken(operator.url, pair);
      expect(await readPair(kubectl, 'team', 'old-main')).toEqual(pair);
    });

    test('writes nothing once settled', async () => {
      const before = await get('old');
      await reconcileAgain(operator, kubectl, 'team/old');
      expect(settled(await get('old'))).toEqual(settled(before));
      // The pair of this one is not used, so any write is one too many.
      const label = JSON.stringify({ metadata: { labels: { settled: 'yes' } } });
      const patch = ['patch', 'accesskey', 'new', '-n', 'team', '--type=merge', '-p', label, '-o', 'json'];
      let edited = '';
      await reconciledAfter(operator, async () => {
        edited = await kubectl.run(patch);
      });
      expect(await get('new')).toEqual(JSON.parse(edited));
    });

    test('keeps the last valid limits while the ConfigMap is malformed, also across a restart', async () => {
      const before = settled(await get('old'));
      await guardrails.write({ maxTokenLifetime: '1d' });
      const isLogged = async () =>
        cluster
          .operatorOutput()
          .some((line) => line.includes('the guardrails are malformed') && line.includes('maxTokenLifetime must be'));
      await poll('the log record', isLogged);
      const isMalformed = () => metricValue(operator, 'accesskey_guardrails_malformed');
      expect(await isMalformed()).toBe(1);
      await reconcileAgain(operator, kubectl, 'team/old');
      await operator.stop();
      operator = await cluster.startOperator();
      await reconcileAgain(operator, kubectl, 'team/old');
      expect(settled(await get('old'))).toEqual(before);
      await poll('the metric', async () => (await isMalformed()) === 1);
      await guardrails.set(limits);
      await poll('the metric', async () => (await isMalformed()) === 0);
    });

    test('reports nothing more after the limits are raised, or the AccessKey is changed', async () => {
      await guardrails.set({ maxTokenLifetime: '5h' });
      await poll('the end of the condition', async () => (await reported()) === undefined);
      await guardrails.set({ maxTokenLifetime: '2h' });
      await poll('the condition', async () => (await reported()) !== undefined);
      const change = JSON.stringify([{ op: 'replace', path: '/spec/keyPairs/0/tokenLifetime', value: '2h' }]);
      await kubectl.run(['patch', 'accesskey', 'old', '-n', 'team', '--type=json', '-p', change]);
      await poll('the end of the condition', async () => (await reported()) === undefined);
      await poll('the metric', async () => (await counted()) === 0);
    });
  });

  test('works without the permission to read the ConfigMap, and keeps what it reported', async () => {
    await guardrails.set({ allowedGroups: '*: viewers' });
    await poll('the condition', async () => (await reported()) !== undefined);
    const before = settled(await get('old'));
    const role = await kubectl.get<{ rules: { resources: string[] }[] }>(
      ...['role', 'accesskey-operator', '-n', operatorNamespace],
    );
    const rules = role.rules.filter(({ resources }) => !resources.includes('configmaps'));
    expect(rules).toHaveLength(role.rules.length - 1);
    await operator.stop();
    await kubectl.run(['replace', '-f', '-'], JSON.stringify({ ...role, rules }));
    operator = await cluster.startOperator();
    await reconcileAgain(operator, kubectl, 'team/old');
    expect(settled(await get('old'))).toEqual(before);
    await getToken(operator.url, pair);
    await kubectl.run(
      ['replace', '-f', '-', '--force'],
      JSON.stringify({ ...role, metadata: { name: 'accesskey-operator', namespace: operatorNamespace } }),
    );
  });

  test('reports nothing more after the guardrails are removed', async () => {
    await kubectl.run([
      'delete',
      'validatingadmissionpolicybinding,validatingadmissionpolicy',
      'guardrails.accesskeys.ghippo.io',
    ]);
    await kubectl.run(['delete', 'configmap', guardrailsConfigMap, '-n', operatorNamespace]);
    await poll('the end of the condition', async () => (await reported()) === undefined);
    await poll('the metric', async () => (await counted()) === 0);
  });
});
