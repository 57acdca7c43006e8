/** The policy of manifests/components/guardrails. Other policies are tested in admission.test.ts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { guardrailsConfigMap } from '../../src/accesskey/guardrails/guardrails.ts';
import { operatorNamespace } from '../../tools/install.ts';
import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import { rejectionOf as dryRun, type InstalledGuardrails, installGuardrails } from '../support/guardrails.ts';
import { accessKeyManifest, createNamespace, waitReady } from '../support/platform.ts';

const hour = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * hour).toISOString();

let cluster: TestCluster;
let kubectl: Kubectl;
let guardrails: InstalledGuardrails;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  await createNamespace(kubectl, 'team');
  await createNamespace(kubectl, 'other');
  guardrails = await installGuardrails(kubectl);
});
afterAll(() => cluster?.stop());

const guard = (data: Record<string, string>) => guardrails.set(data);
const rejectionOf = (manifest: object, verb?: string) => dryRun(kubectl, manifest, verb);
const withPairs = (...keyPairs: object[]) => accessKeyManifest('team', 'one', { keyPairs });

describe('the guardrails', () => {
  test('limit nothing while they are empty', async () => {
    await guard({});
    expect(await rejectionOf(withPairs({ name: 'a', token: { validFor: '900h' } }))).toBe('accepted');
  });

  describe('for a new AccessKey', () => {
    beforeAll(() =>
      guard({
        maxKeyPairLifetime: '720h',
        requireExpiryOrRotation: 'true',
        maxTokenLifetime: '1h30m',
        allowedGroups: 'team: team developers\n*: viewers\n',
        allowedAudiences: 'https://shop.example.org\n',
      }),
    );
    const expiresAt = inHours(700);
    const named = (namespace: string, ...groups: string[]) =>
      accessKeyManifest(namespace, 'one', { user: { name: 'one', groups }, keyPairs: [] });
    test.each([
      ['a key pair that expires in time', withPairs({ name: 'a', expiresAt }), /^accepted$/],
      ['a key pair that expires at the limit', withPairs({ name: 'a', expiresAt: inHours(720) }), /^accepted$/],
      [
        'a key pair that expires later',
        withPairs({ name: 'b', expiresAt }, { name: 'a', expiresAt: inHours(721) }),
        /spec\.keyPairs\[1\]\.expiresAt: must be at most 720h, minus the overlap, after the key pair was created or rotated, unless rotation\.interval plus overlap is not longer than that \(guardrail maxKeyPairLifetime\)/,
      ],
      [
        'a key pair that expires after more than 292 years, the longest duration of CEL',
        withPairs({ name: 'a', expiresAt: '9999-12-31T23:59:59Z' }),
        /spec\.keyPairs\[0\]\.expiresAt: must be at most 720h, minus the overlap/,
      ],
      [
        'a key pair that expires in time, with an overlap that could outlast the limit',
        withPairs({ name: 'a', expiresAt, rotation: { overlap: '24h' } }),
        /spec\.keyPairs\[0\]\.expiresAt: must be at most 720h, minus the overlap/,
      ],
      [
        'a key pair that expires in time, with a short overlap',
        withPairs({ name: 'a', expiresAt, rotation: { overlap: '10h' } }),
        /^accepted$/,
      ],
      ['a key pair that is rotated in time', withPairs({ name: 'a', rotation: { interval: '720h' } }), /^accepted$/],
      [
        'a key pair that is rotated in time, with an overlap that ends later',
        withPairs({ name: 'a', rotation: { interval: '720h', overlap: '1h' } }),
        /spec\.keyPairs\[0\]\.expiresAt: must be at most 720h/,
      ],
      [
        'a key pair without expiry',
        withPairs({ name: 'a' }),
        /spec\.keyPairs\[0\]: must have expiresAt or rotation\.interval \(guardrail requireExpiryOrRotation\)/,
      ],
      ['a disabled key pair without expiry', withPairs({ name: 'a', enabled: false }), /^accepted$/],
      [
        'a long token lifetime',
        withPairs({ name: 'a', expiresAt, tokenLifetime: '91m' }),
        /spec\.keyPairs\[0\]\.tokenLifetime: must be at most 1h30m \(guardrail maxTokenLifetime\)/,
      ],
      ['a token lifetime at the limit', withPairs({ name: 'a', expiresAt, tokenLifetime: '90m' }), /^accepted$/],
      [
        'the default validity of the token in the Secret',
        withPairs({ name: 'a', expiresAt, token: {} }),
        /spec\.keyPairs\[0\]\.token\.validFor: must be at most 1h30m/,
      ],
      ['groups of the namespace and of all', named('team', 'team developers', 'viewers'), /^accepted$/],
      [
        'a group of another namespace',
        named('other', 'viewers', 'team developers'),
        /spec\.user\.groups: team developers is not allowed in namespace other \(guardrail allowedGroups\)/,
      ],
      [
        'an audience that is not listed',
        accessKeyManifest('team', 'one', { audiences: ['https://shop.example.org', 'x'], keyPairs: [] }),
        /spec\.audiences: x is not allowed \(guardrail allowedAudiences\)/,
      ],
    ])('judge %s', async (_, manifest, expected) => {
      expect(await rejectionOf(manifest)).toMatch(expected);
    });
  });

  test('can have 5000 lines in each list', async () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, n) => `namespace-${n}: a-group-of-the-team-${n}`);
    const audiences = Array.from({ length: 5000 }, (_, n) => `https://service-${n}.example.org/with/a/path`);
    const one = (groups: string[], extra: object = {}) =>
      rejectionOf(accessKeyManifest('team', 'one', { user: { name: 'one', groups }, keyPairs: [], ...extra }));
    await guard({ allowedGroups: [...lines(4999), 'team: last'].join('\n'), allowedAudiences: audiences.join('\n') });
    const others = Array.from({ length: 16 }, (_, n) => `other-${n}`);
    expect(await one(['last'], { audiences: audiences.slice(-16) })).toBe('accepted');
    expect(await one(others)).toContain('spec.user.groups: other-0 is not allowed in namespace team');
    await guardrails.write({ allowedGroups: lines(5001).join('\n') });
    await poll('the rejection', async () => (await one([])).includes('allowedGroups must have at most 5000 lines'));
  });

  describe('for an AccessKey that does not comply', () => {
    const manifest = (main: object, spec: object = {}) => ({
      ...accessKeyManifest('team', 'old', {
        user: { name: 'old', groups: ['admins'], ...spec },
        audiences: ['b'],
        keyPairs: [{ name: 'main', tokenLifetime: '5h', token: {}, ...main }],
      }),
    });
    const update = (main: object, spec: object = {}) => rejectionOf(manifest(main, spec), 'apply');
    beforeAll(async () => {
      await guard({});
      await kubectl.run(['apply', '-f', '-'], JSON.stringify(manifest({})));
      await guard({
        maxKeyPairLifetime: '720h',
        maxTokenLifetime: '1h',
        allowedGroups: '*: viewers',
        allowedAudiences: 'a',
      });
    });

    test('accept every change that does not concern them', async () => {
      expect(await update({ enabled: false })).toBe('accepted');
      expect(await update({ description: 'nightly job' })).toBe('accepted');
      expect(await update({ revision: 2 })).toBe('accepted');
      expect(await update({}, { firstName: 'Old' })).toBe('accepted');
      expect(await update({ expiresAt: inHours(700), tokenLifetime: '30m' })).toBe('accepted');
    });

    test('reject a change of what they limit, and further groups', async () => {
      expect(await update({ expiresAt: inHours(800) })).toContain('spec.keyPairs[0].expiresAt: must be at most 720h');
      expect(await update({ tokenLifetime: '4h' })).toContain('spec.keyPairs[0].tokenLifetime: must be at most 1h');
      expect(await update({ token: { validFor: '23h' } })).toContain('token.validFor: must be at most 1h');
      expect(await update({}, { groups: ['admins', 'owners'] })).toContain('spec.user.groups: owners is not allowed');
      expect(await update({ name: 'second' })).toContain('spec.keyPairs[0].expiresAt');
    });

    test('reject enabling a key pair that was disabled', async () => {
      await kubectl.run(['apply', '-f', '-'], JSON.stringify(manifest({ enabled: false })));
      expect(await update({ enabled: true })).toContain('spec.keyPairs[0].expiresAt');
      expect(await update({ enabled: false })).toBe('accepted');
    });
  });

  describe('for a key pair that the operator has created', () => {
    const manifest = (main: object) =>
      accessKeyManifest('team', 'alice', { keyPairs: [{ name: 'main', expiresAt: inHours(10), ...main }] });
    beforeEach(() => guard({ maxKeyPairLifetime: '720h' }));

    test('count from its creation, and from its next rotation if the revision is raised', async () => {
      await kubectl.apply(manifest({}));
      const operator = await cluster.startOperator();
      const { status } = await waitReady(kubectl, 'team', 'alice');
      // Otherwise, the operator would correct the status.
      await operator.stop();
      const createdAt = new Date(Date.now() - 100 * hour).toISOString();
      const patch = JSON.stringify({ status: { keyPairs: status.keyPairs?.map((pair) => ({ ...pair, createdAt })) } });
      const ofStatus = ['--subresource=status', '--type=merge', '-p', patch];
      await kubectl.run(['patch', 'accesskey', 'alice', '-n', 'team', ...ofStatus]);
      const update = (main: object) => rejectionOf(manifest(main), 'apply');
      expect(await update({ expiresAt: inHours(600) })).toBe('accepted');
      expect(await update({ expiresAt: inHours(700) })).toContain('must be at most 720h');
      expect(await update({ expiresAt: inHours(700), revision: 2 })).toBe('accepted');
      expect(await update({ expiresAt: inHours(721), revision: 2 })).toContain('at most 720h');
    });

    test('apply to the operator, which writes for users of the console', async () => {
      const user = `system:serviceaccount:${operatorNamespace}:accesskey-operator`;
      const extend = (hours: number) => {
        const patch = JSON.stringify([{ op: 'replace', path: '/spec/keyPairs/0/expiresAt', value: inHours(hours) }]);
        const args = ['patch', 'accesskey', 'alice', '-n', 'team', '--type=json', '-p', patch, '--dry-run=server'];
        return kubectl.run([...args, `--as=${user}`]).then(
          () => 'accepted',
          (error: Error) => error.message,
        );
      };
      expect(await extend(600)).toBe('accepted');
      expect(await extend(800)).toContain("ValidatingAdmissionPolicy 'guardrails.accesskeys.ghippo.io'");
    });
  });

  // No operator runs, as if it could not write the Secret.
  describe('for a rotation that has not happened yet', () => {
    const tooLong = 'spec.keyPairs[0].expiresAt: must be at most 720h, minus the overlap';
    const [inTime, atLimit, later] = [inHours(550), inHours(620), inHours(700)];
    const overlap = { rotation: { overlap: '1h' } };
    const manifest = (name: string, main: object) =>
      accessKeyManifest('team', name, { keyPairs: [{ name: 'main', ...main }] });
    const store = (name: string, main: object) =>
      kubectl.run(['apply', '-f', '-'], JSON.stringify(manifest(name, main)));
    const update = (name: string, main: object) => rejectionOf(manifest(name, main), 'apply');
    const setStatus = (name: string, revision: number, age: number) => {
      const pair = { name: 'main', secretName: `${name}-main`, state: 'Active', revision, createdAt: inHours(-age) };
      const patch = JSON.stringify({ status: { keyPairs: [pair] } });
      const ofStatus = ['--subresource=status', '--type=merge', '-p', patch];
      return kubectl.run(['patch', 'accesskey', name, '-n', 'team', ...ofStatus]);
    };
    beforeAll(async () => {
      await guard({});
      const pairs = { withdrawn: inTime, overlapping: inTime, reverted: atLimit, unlimited: undefined };
      for (const [name, expiresAt] of Object.entries(pairs)) {
        await store(name, { expiresAt });
        await setStatus(name, 1, 100);
      }
      await guard({ maxKeyPairLifetime: '720h' });
    });

    test('accept a later expiry only as long as the rotation revokes the key pair', async () => {
      const name = 'withdrawn';
      expect(await update(name, { expiresAt: later })).toContain(tooLong);
      await store(name, { expiresAt: later, revision: 2 });
      expect(await update(name, { expiresAt: inHours(710), revision: 2 })).toBe('accepted');
      expect(await update(name, { expiresAt: later, revision: 2, description: 'nightly job' })).toBe('accepted');
      expect(await update(name, { expiresAt: later })).toContain(tooLong);
      expect(await update(name, { expiresAt: later, revision: 1 })).toContain(tooLong);
      expect(await update(name, { expiresAt: later, revision: 2, ...overlap })).toContain(tooLong);
      expect(await update(name, { expiresAt: inTime })).toBe('accepted');
      await setStatus(name, 2, 1);
      expect(await update(name, { expiresAt: later })).toBe('accepted');
    });

    test('accept no later expiry with an overlap, which keeps the key pair valid until the rotation', async () => {
      const name = 'overlapping';
      expect(await update(name, { expiresAt: later, revision: 2, ...overlap })).toContain(tooLong);
      // As the console rotates a key pair that expires at the limit.
      expect(await update(name, { expiresAt: atLimit, revision: 2, ...overlap })).toBe('accepted');
      await store(name, { expiresAt: inTime, revision: 2, ...overlap });
      expect(await update(name, { expiresAt: later, revision: 2, ...overlap })).toContain(tooLong);
      expect(await update(name, { expiresAt: inTime, ...overlap })).toBe('accepted');
    });

    test.each([
      ['expires at the limit', 'reverted', { expiresAt: atLimit }],
      ['has no expiry, from before the guardrails', 'unlimited', {}],
    ])('accept a reverted revision of a key pair that %s', async (_, name, main) => {
      await store(name, { ...main, revision: 2 });
      expect(await update(name, main)).toBe('accepted');
    });
  });

  test.each([
    [{ maxKeyPairLifetime: '30d' }, 'maxKeyPairLifetime must be a duration in hours, minutes and seconds'],
    [{ maxTokenLifetime: '0s' }, 'maxTokenLifetime must be a duration'],
    [{ requireExpiryOrRotation: 'yes' }, 'requireExpiryOrRotation must be true or false'],
    [{ allowedGroups: 'developers' }, 'allowedGroups must have one "<namespace>: <group>" per line'],
    [{ allowedAudiences: 'a b' }, 'allowedAudiences must have one audience per line'],
    [{ maxLifetime: '1h' }, 'maxLifetime is unknown'],
  ])('reject every change of a spec while they are malformed: %j', async (data, message) => {
    await guardrails.write(data as Record<string, string>);
    const expected = `the guardrails are malformed: ${message}`;
    await poll(expected, async () => (await rejectionOf(withPairs({ name: 'a' }))).includes(expected));
  });

  test('reject every change of a spec while their ConfigMap is missing', async () => {
    await kubectl.run(['delete', 'configmap', guardrailsConfigMap, '-n', operatorNamespace]);
    await poll('a rejection', async () =>
      /guardrails\.accesskeys\.ghippo\.io/.test(await rejectionOf(withPairs({ name: 'a', enabled: false }))),
    );
  });
});
