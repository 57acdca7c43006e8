import { describe, expect, it } from 'vitest';
import { type Guardrails, noGuardrails } from '../../../../src/accesskey/guardrails/guardrails.ts';
import { describeViolations, violationsOf } from '../../../../src/accesskey/guardrails/violations.ts';
import type { KeyPairSpec, KeyPairStatus } from '../../../../src/accesskey/model/access-key-record.ts';
import { accessKey, at, now, pairStatus } from '../../../support/builders.ts';

const hour = 3600;

function violations(
  limits: Partial<Guardrails>,
  main: Partial<KeyPairSpec>,
  status: readonly KeyPairStatus[] = [pairStatus({ createdAt: at(0) })],
) {
  const subject = accessKey({ keyPairs: [{ name: 'main', ...main }] });
  return violationsOf({ accessKey: subject, keyPairs: status, now }, { ...noGuardrails, ...limits });
}

// The policy accepts and rejects the same, which test/integration/guardrails-report.test.ts checks.
describe('violationsOf', () => {
  it('is empty without guardrails', () => {
    expect(violations({}, { token: { validFor: '900h' }, tokenLifetime: '900h' })).toEqual([]);
  });

  describe('for the lifetime of a key pair', () => {
    const inHours = (hours: number) => ({ expiresAt: at(hours * hour) });
    it.each<[string, Partial<KeyPairSpec>, boolean]>([
      ['no expiry', {}, false],
      ['an expiry at the limit', inHours(10), true],
      ['an expiry within the clock skew', { expiresAt: at(10 * hour + 300) }, true],
      ['an expiry beyond the clock skew', { expiresAt: at(10 * hour + 301) }, false],
      ['an expiry at the limit, and an overlap', { ...inHours(10), rotation: { overlap: '1h' } }, false],
      ['an early expiry, and an overlap', { ...inHours(9), rotation: { overlap: '1h' } }, true],
      ['maxOverlap instead of overlap', { ...inHours(9), rotation: { overlap: '1h', maxOverlap: '2h' } }, false],
      ['an interval at the limit', { rotation: { interval: '10h' } }, true],
      ['an interval with an overlap beyond', { rotation: { interval: '10h', overlap: '1h' } }, false],
      ['a late expiry with an interval', { ...inHours(99), rotation: { interval: '5h' } }, true],
      ['a disabled key pair', { enabled: false }, true],
    ])('judges %s', (_, main, isCompliant) => {
      const found = violations({ maxKeyPairLifetime: '10h' }, main);
      expect(found).toEqual(isCompliant ? [] : [expect.stringMatching(/^spec\.keyPairs\[0\]\.expiresAt: .* 10h, /)]);
    });

    it('counts from the creation, and from now for a key pair that is new or revoked by its rotation', () => {
      const main = { ...inHours(10), revision: 2 };
      const old = pairStatus({ createdAt: at(-hour), revision: 1 });
      expect(violations({ maxKeyPairLifetime: '10h' }, inHours(10), [old])).toHaveLength(1);
      expect(violations({ maxKeyPairLifetime: '10h' }, main, [old])).toEqual([]);
      expect(violations({ maxKeyPairLifetime: '10h' }, main, [{ ...old, revision: 2 }])).toHaveLength(1);
      expect(violations({ maxKeyPairLifetime: '10h' }, main, [])).toEqual([]);
    });

    it.each<[string, string, number, boolean]>([
      ['from now and from the creation', '1h', 10, true],
      ['from now, but not from the creation', '1h', 10.5, false],
      ['from the creation, but not from now', '4h', 9, false],
      ['from now, without an overlap', '0s', 12, true],
    ])('limits an expiry before a pending rotation: %s', (_, overlap, hours, isCompliant) => {
      const old = pairStatus({ createdAt: at(-2 * hour), revision: 1 });
      const main = { ...inHours(hours), revision: 2, rotation: { overlap } };
      expect(violations({ maxKeyPairLifetime: '12h' }, main, [old])).toHaveLength(isCompliant ? 0 : 1);
    });
  });

  it.each<[Partial<KeyPairSpec>, boolean]>([
    [{}, false],
    [{ rotation: { overlap: '1h' } }, false],
    [{ rotation: { interval: '9000h' } }, true],
    [{ expiresAt: at(9_000_000) }, true],
    [{ enabled: false }, true],
  ])('requires expiry or rotation, for %j', (main, isCompliant) => {
    const message = 'spec.keyPairs[0]: must have expiresAt or rotation.interval (guardrail requireExpiryOrRotation)';
    expect(violations({ requireExpiryOrRotation: true }, main)).toEqual(isCompliant ? [] : [message]);
  });

  it('limits the lifetime of tokens, also that of the token in a Secret', () => {
    const limits = { maxTokenLifetime: '20h' };
    expect(violations(limits, { tokenLifetime: '20h', token: { validFor: '1h' } })).toEqual([]);
    expect(violations(limits, { tokenLifetime: '21h', token: {} as KeyPairSpec['token'] & object })).toEqual([
      'spec.keyPairs[0].tokenLifetime: must be at most 20h (guardrail maxTokenLifetime)',
      'spec.keyPairs[0].token.validFor: must be at most 20h (guardrail maxTokenLifetime)',
    ]);
  });

  it('names each group and audience that is not allowed', () => {
    const subject = accessKey({ groups: ['viewers', 'developers', 'admins'], keyPairs: [] });
    subject.spec.audiences = ['a', 'b'];
    const limits = {
      allowedGroups: new Set(['*: viewers', 'shop: developers', 'far: admins']),
      allowedAudiences: new Set(['a']),
    };
    expect(violationsOf({ accessKey: subject, keyPairs: [], now }, { ...noGuardrails, ...limits })).toEqual([
      'spec.user.groups: admins is not allowed in namespace shop (guardrail allowedGroups)',
      'spec.audiences: b is not allowed (guardrail allowedAudiences)',
    ]);
  });
});

describe('describeViolations', () => {
  it('is undefined without violations', () => expect(describeViolations([])).toBeUndefined());

  it('lists at most ten', () => {
    const all = Array.from({ length: 12 }, (_, index) => `v${index}`);
    expect(describeViolations(all.slice(0, 2))).toBe('v0; v1');
    expect(describeViolations(all)).toMatch(/^v0; .*; v9; and 2 more$/);
  });
});
