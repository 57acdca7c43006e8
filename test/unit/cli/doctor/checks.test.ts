import { describe, expect, it, test } from 'vitest';
import { checkCertificate } from '../../../../src/cli/doctor/check-certificates.ts';
import { checkClock } from '../../../../src/cli/doctor/check-clock.ts';
import { checkCrd, fieldsOf } from '../../../../src/cli/doctor/check-crd.ts';
import { checkDiscovery, checkKeys, checkToken, type IssuerFacts } from '../../../../src/cli/doctor/check-issuer.ts';
import { checkDeployment, checkLease, checkVersion } from '../../../../src/cli/doctor/check-operator.ts';
import {
  checkEscalation,
  checkPolicies,
  type Escalation,
  policyNames,
} from '../../../../src/cli/doctor/check-policies.ts';
import { checkUnchecked } from '../../../../src/cli/doctor/check-unchecked.ts';
import type { Fact } from '../../../../src/cli/doctor/finding.ts';

const forbidden = { missing: 'forbidden', reason: 'alice cannot get it' } as const;
const notFound = { missing: 'notFound', reason: 'not found' } as const;
const unavailable = { missing: 'unavailable', reason: 'connection refused' } as const;
const now = Date.parse('2026-01-01T00:00:00Z');
const place = { namespace: 'accesskey-system', name: 'accesskey-operator' };

describe('checkCrd', () => {
  const schema = { properties: { spec: { properties: { pairs: { items: { properties: { name: {} } } }, user: {} } } } };
  const fields = fieldsOf(schema);
  const established = [{ type: 'Established', status: 'True' }];
  const crd = ({
    openAPIV3Schema = schema,
    served = true,
    conditions = established,
    storedVersions = ['v1alpha1'],
  } = {}) => ({
    value: {
      spec: { versions: [{ name: 'v1alpha1', served, storage: true, schema: { openAPIV3Schema } }] },
      status: { conditions, storedVersions },
    },
  });
  const withoutPairs = { properties: { spec: { properties: { user: {} } } } };
  const withMore = { properties: { ...schema.properties, other: { properties: { nested: {} } } } };

  it('lists fields in objects and lists', () => {
    expect(fields).toEqual(['spec', 'spec.pairs', 'spec.pairs.name', 'spec.user']);
  });

  it.each([
    ['ok', crd(), /serves v1alpha1 with all fields/],
    ['failed', notFound, /is not installed/],
    ['skipped', forbidden, /alice cannot get it/],
    ['failed', crd({ conditions: [{ type: 'Established', status: 'False' }] }), /not established/],
    ['failed', crd({ served: false }), /v1alpha1 .* is not served/],
    [
      'failed',
      crd({ openAPIV3Schema: withoutPairs as typeof schema }),
      /older than this program: it has no spec\.pairs, /,
    ],
    ['warning', crd({ openAPIV3Schema: withMore }), /newer than this program: other$/],
    ['warning', crd({ storedVersions: ['v1alpha1', 'v1'] }), /stored in version v1, /],
  ])('is %s for %#', (status, fact, message) => {
    expect(checkCrd(fact, fields)).toMatchObject({ status, message: expect.stringMatching(message) });
  });
});

describe('checkPolicies', () => {
  const policies = policyNames.map((name) => ({ metadata: { name }, spec: { failurePolicy: 'Fail' } }));
  const bindings = policyNames.map((name) => ({
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  }));
  const [first, ...otherBindings] = bindings;
  const changed = (spec: object) => ({
    value: [{ ...first, spec: { ...first?.spec, ...spec } }, ...otherBindings] as never,
  });

  it.each([
    ['ok', { value: policies }, { value: bindings }, /4 policies/],
    ['skipped', forbidden, { value: bindings }, /alice cannot/],
    ['skipped', { value: policies }, forbidden, /alice cannot/],
    ['failed', { value: policies.slice(1) }, { value: bindings }, /^missing: accesskeys\.ghippo\.io; /],
    [
      'failed',
      {
        value: [{ metadata: policies[0]?.metadata, spec: { failurePolicy: 'Ignore' } }, ...policies.slice(1)] as never,
      },
      { value: bindings },
      /failurePolicy is Ignore/,
    ],
    ['failed', { value: policies }, { value: otherBindings }, /^not bound .*: accesskeys\.ghippo\.io; /],
    ['failed', { value: policies }, changed({ validationActions: ['Audit'] }), /^not bound/],
    ['failed', { value: policies }, changed({ matchResources: {} }), /^not bound/],
  ])('is %s for %#', (status, found, bound, message) => {
    expect(checkPolicies(found, bound)).toMatchObject({ status, message: expect.stringMatching(message) });
  });
});

describe('checkUnchecked', () => {
  const binding = {
    metadata: { creationTimestamp: '2026-01-01T00:00:10Z' },
    spec: { policyName: 'accesskeys.ghippo.io' },
  };
  const other = { metadata: { creationTimestamp: '2025-01-01T00:00:00Z' }, spec: { policyName: 'a.example.org' } };
  const bound = { value: [other, binding] };
  const created = (...seconds: number[]) => ({
    value: seconds.map((second) => ({
      metadata: { namespace: 'people', name: `a${second}`, creationTimestamp: `2026-01-01T00:00:${second}Z` },
    })),
  });

  it.each([
    ['ok', bound, created(), /^all AccessKeys/],
    ['ok', bound, created(11, 59), /^all AccessKeys/],
    ['warning', bound, created(11, 10), /: people\/a10$/],
    ['skipped', forbidden, created(10), /alice cannot/],
    ['skipped', bound, forbidden, /alice cannot/],
    ['skipped', { value: [other] }, created(10), /is not bound$/],
  ])('is %s for %#', (status, bindings, accessKeys, message) => {
    expect(checkUnchecked(bindings, accessKeys)).toMatchObject({ status, message: expect.stringMatching(message) });
  });
});

test.each<[string, Escalation, RegExp]>([
  ['ok', { outcome: 'denied', policy: 'accesskeys.ghippo.io' }, /denied by the policy accesskeys\.ghippo\.io$/],
  ['ok', { outcome: 'denied', policy: undefined }, /was denied$/],
  ['failed', { outcome: 'accepted', mayImpersonate: { value: false } }, /was accepted$/],
  ['skipped', { outcome: 'accepted', mayImpersonate: { value: true } }, /may impersonate every user/],
  ['skipped', { outcome: 'accepted', mayImpersonate: unavailable }, /connection refused/],
  ['skipped', { outcome: 'forbidden' }, /you may not create AccessKeys in the namespace people/],
  ['skipped', { outcome: 'error', reason: '404' }, /404$/],
])('escalation is %s for %j', (status, result, message) => {
  const finding = checkEscalation({ who: 'you', namespace: 'people', result });
  expect(finding).toMatchObject({ status, message: expect.stringMatching(message) });
});

describe('the operator', () => {
  const deployment = (available: number, image = 'accesskey-operator:1.2.3', replicas = 2) => ({
    value: {
      spec: { replicas, template: { spec: { containers: [{ name: 'operator', image }] } } },
      status: { availableReplicas: available },
    },
  });

  it.each([
    ['ok', deployment(2), /2 of 2/],
    ['warning', deployment(1), /1 of 2/],
    ['failed', deployment(0), /0 of 2/],
    ['failed', deployment(0, 'x', 0), /no replicas/],
    ['failed', notFound, /no Deployment accesskey-operator in the namespace accesskey-system/],
    ['skipped', forbidden, /alice/],
  ])('Deployment: %s for %#', (status, fact, message) => {
    expect(checkDeployment(fact, place, false)).toMatchObject({ status, message: expect.stringMatching(message) });
  });

  it('may run without a Deployment, as in the demo, if a replica leads', () => {
    const message = expect.stringMatching(/no Deployment .* but a replica that runs elsewhere leads$/);
    expect(checkDeployment(notFound, place, true)).toMatchObject({ status: 'skipped', message });
    expect(checkDeployment(deployment(0), place, true)).toMatchObject({ status: 'failed' });
  });

  it.each([
    ['ok', 'accesskey-operator:1.2.3', /version 1\.2\.3$/],
    ['ok', 'registry.example:5000/a/accesskey-operator:v1.2.3@sha256:0f', /version 1\.2\.3$/],
    ['warning', 'accesskey-operator:1.3.0', /operator has version 1\.3\.0, this program 1\.2\.3/],
    ['skipped', 'accesskey-operator:e2e', /no version in its tag/],
    ['skipped', 'registry.example:5000/accesskey-operator', /no version in its tag/],
  ])('version: %s for %s', (status, image, message) => {
    expect(checkVersion(deployment(2, image), '1.2.3')).toMatchObject({
      status,
      message: expect.stringMatching(message),
    });
  });

  const lease = (secondsAgo: number, holderIdentity = 'pod-1') => ({
    value: {
      spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: new Date(now - secondsAgo * 1000).toISOString() },
    },
  });

  it.each([
    ['ok', lease(0), /^pod-1 leads$/],
    ['ok', lease(30), /leads/],
    ['failed', lease(31), /renewed the Lease 31 s ago/],
    ['failed', lease(0, ''), /no replica leads/],
    ['failed', { value: { spec: { holderIdentity: 'pod-1' } } }, /pod-1/],
    ['failed', notFound, /there is no Lease/],
    ['skipped', forbidden, /alice/],
  ])('Lease: %s for %#', (status, fact, message) => {
    expect(checkLease(fact, place, now)).toMatchObject({ status, message: expect.stringMatching(message) });
  });
});

describe('the issuer', () => {
  const url = 'https://keys.example.org';
  const facts = (changed: Partial<IssuerFacts> = {}): IssuerFacts => ({
    keys: { value: [{ kid: 'a' }, { kid: 'b' }] },
    issuer: { value: url },
    discovery: { value: { issuer: url, jwksUri: `${url}/jwks` } },
    publishedKeys: { value: [{ kid: 'b' }, { kid: 'a' }] },
    storedKids: { value: ['a', 'b'] },
    ...changed,
  });

  it.each([
    ['ok', {}, /the 2 keys of its Secret/],
    ['ok', { storedKids: forbidden }, /serves 2 keys: a, b/],
    ['failed', { storedKids: { value: ['a', 'c'] } }, /not those of the Secret: b, c$/],
    ['failed', { keys: { value: [] } }, /serves no keys/],
    ['failed', { keys: unavailable }, /connection refused/],
    ['skipped', { keys: forbidden }, /alice/],
  ])('keys: %s for %j', (status, changed, message) => {
    expect(checkKeys(facts(changed))).toMatchObject({ status, message: expect.stringMatching(message) });
  });

  it.each([
    ['ok', {}, /publishes the keys/],
    ['skipped', { issuer: notFound }, /token\.issuer is not an https URL/],
    ['skipped', { issuer: unavailable }, /connection refused/],
    ['failed', { discovery: unavailable }, /connection refused/],
    ['failed', { discovery: { value: { issuer: `${url}/`, jwksUri: '' } } }, /names the issuer/],
    ['failed', { publishedKeys: unavailable }, /connection refused/],
    ['failed', { publishedKeys: { value: [{ kid: 'a' }] } }, /different keys: b$/],
    ['skipped', { keys: forbidden }, /is reachable, but alice/],
  ])('discovery: %s for %j', (status, changed, message) => {
    expect(checkDiscovery(facts(changed))).toMatchObject({ status, message: expect.stringMatching(message) });
  });

  it('verifies a token only if there is one', () => {
    expect(checkToken({ missing: 'notRequested', reason: 'set --token-file' }).status).toBe('skipped');
    expect(checkToken({ value: { outcome: 'valid', kid: 'a', expiresAt: 'x' } }).status).toBe('ok');
    expect(checkToken({ value: { outcome: 'unreadable', reason: 'ENOENT' } }).status).toBe('failed');
    expect(checkToken({ value: { outcome: 'invalid', reason: 'expired' } })).toMatchObject({
      status: 'failed',
      message: 'expired',
    });
  });
});

test.each<[string, number | Fact<never>, RegExp]>([
  ['skipped', unavailable, /connection refused/],
  ['failed', -1, /expired at 2025/],
  ['warning', 6 * 86_400_000, /expires at 2026-01-07/],
  ['ok', 8 * 86_400_000, /valid until 2026-01-09/],
])('certificate: %s for %j', (status, expiry, message) => {
  const fact = typeof expiry === 'number' ? { value: { from: 'x', notBefore: 0, notAfter: now + expiry } } : expiry;
  expect(checkCertificate(fact, 'API server', now)).toMatchObject({ status, message: expect.stringMatching(message) });
});

it('reports a certificate that is not valid yet', () => {
  const value = { from: 'x', notBefore: now + 1, notAfter: now + 2 };
  expect(checkCertificate({ value }, 'API server', now).status).toBe('failed');
});

test.each([
  ['ok', 0, /differs by 0 s/],
  ['ok', -5_900, /differs by/],
  ['ok', 5_000, /differs by 5 s/],
  ['warning', 6_000, /is 6 s ahead/],
  ['warning', -20_000, /behind/],
  ['failed', 31_000, /is 31 s ahead/],
  ['failed', -3_600_000, /is 3599 s behind/],
])('clock: %s for a difference of %d ms', (status, difference, message) => {
  const value = { remote: now + difference, sentAt: now, receivedAt: now };
  expect(checkClock({ value }, 'API server')).toMatchObject({ status, message: expect.stringMatching(message) });
});

it('does not count the time of the request as a difference of clocks', () => {
  const value = { remote: now, sentAt: now - 60_000, receivedAt: now + 60_000 };
  expect(checkClock({ value }, 'API server').status).toBe('ok');
});
