import { describe, expect, it } from 'vitest';
import { noGuardrails, parseGuardrails } from '../../../../src/accesskey/guardrails/guardrails.ts';

describe('parseGuardrails', () => {
  it.each([[{}], [{ maxKeyPairLifetime: '', requireExpiryOrRotation: 'false', allowedGroups: '\n' }]])(
    'has no limits for %j',
    (data) => expect(parseGuardrails(data)).toEqual(noGuardrails),
  );

  it('reads all fields, without white space around the values', () => {
    const data = {
      maxKeyPairLifetime: ' 2160h\n',
      requireExpiryOrRotation: 'true\n',
      maxTokenLifetime: '1h30m',
      allowedGroups: '*: viewers\n  team-a: senior developers \n\nteam-b:\n',
      allowedAudiences: 'https://shop.example.org\r\nb\n',
    };
    expect(parseGuardrails(data)).toEqual({
      maxKeyPairLifetime: '2160h',
      requireExpiryOrRotation: true,
      maxTokenLifetime: '1h30m',
      allowedGroups: new Set(['*: viewers', 'team-a: senior developers', 'team-b:']),
      allowedAudiences: new Set(['https://shop.example.org', 'b']),
    });
  });

  it('accepts as many lines as the policy, also of maximum length', () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `team-${n}: ${'g'.repeat(190)}`);
    expect(parseGuardrails({ allowedGroups: lines.join('\n') }).allowedGroups).toEqual(new Set(lines));
  });

  const durationRule = 'must be a duration in hours, minutes and seconds such as 2160h';
  it.each([
    [{ maxKeyPairLifetime: '90d' }, `maxKeyPairLifetime ${durationRule}`],
    [{ maxTokenLifetime: '0s' }, `maxTokenLifetime ${durationRule}`],
    [{ requireExpiryOrRotation: 'yes' }, 'requireExpiryOrRotation must be true or false'],
    [{ allowedGroups: '*: a\ndevelopers' }, 'allowedGroups must have one "<namespace>: <group>" per line'],
    [{ allowedAudiences: 'a b' }, 'allowedAudiences must have one audience per line'],
    [{ allowedGroups: 'a: b\n'.repeat(5001) }, 'allowedGroups must have at most 5000 lines'],
    [{ allowedAudiences: 'a\n'.repeat(5001) }, 'allowedAudiences must have at most 5000 lines'],
    [{ maxLifetime: '1h' }, 'maxLifetime is unknown'],
    [{ constructor: '1h' }, 'constructor is unknown'],
    [{ a: '', maxTokenLifetime: '1' }, `a is unknown; maxTokenLifetime ${durationRule}`],
  ])('rejects %j with field and rule', (data, message) => {
    expect(() => parseGuardrails(data as Record<string, string>)).toThrow(message);
  });
});
