import { describe, expect, it } from 'vitest';
import { pairOfFlags, parseDuration, parseExpiry } from '../../../../src/cli/keys/pair-flags.ts';

const now = Date.parse('2026-01-10T12:00:00Z');

describe('parseDuration', () => {
  it.each([
    ['30d', '720h'],
    ['1h30m', '1h30m'],
    ['0', '0s'],
    ['0h', '0s'],
  ])('reads %s as %s', (text, duration) => {
    expect(parseDuration(text)).toBe(duration);
  });

  it.each(['', '5', '1w', '-1h', '1.5h', '1d12h'])('rejects "%s"', (text) => {
    expect(() => parseDuration(text)).toThrow('Must be a duration');
  });
});

describe('parseExpiry', () => {
  it.each([
    ['90d', '2026-04-10T12:00:00Z'],
    ['36h', '2026-01-12T00:00:00Z'],
    ['2026-12-31', '2026-12-31T23:59:59Z'],
    ['2026-12-31T10:00:00+02:00', '2026-12-31T08:00:00Z'],
  ])('reads %s as %s', (text, time) => {
    expect(parseExpiry(text, now)).toBe(time);
  });

  it.each([
    ['tomorrow', 'Must be a duration or a time, such as'],
    ['2026-13-01', 'Must be a duration or a time, such as'],
    ['2030-02-31', 'Must be a duration or a time, such as'],
    ['2030-04-31T12:00:00Z', 'Must be a duration or a time, such as'],
    ['2030-04-30T24:00:00Z', 'Must be a duration or a time, such as'],
    ['2026-12-31T10:00:00', 'Must be a duration or a time, such as'],
    ['0d', 'Must be a duration or a time, such as'],
    ['2026-01-09', 'Must be in the future'],
  ])('rejects "%s"', (text, message) => {
    expect(() => parseExpiry(text, now)).toThrow(message);
  });
});

describe('pairOfFlags', () => {
  it('sets only the fields of the given flags', () => {
    expect(pairOfFlags('main', {})).toEqual({ name: 'main' });
    expect(pairOfFlags('main', { overlap: '1h' })).toEqual({ name: 'main', rotation: { overlap: '1h' } });
    const flags = { expires: '2026-12-31T23:59:59Z', rotateEvery: '720h', overlap: '24h', tokenLifetime: '10m' };
    expect(pairOfFlags('ci', { ...flags, allowFrom: ['10.0.0.0/8'], description: 'd', secretName: 's' })).toEqual({
      name: 'ci',
      description: 'd',
      expiresAt: '2026-12-31T23:59:59Z',
      rotation: { interval: '720h', overlap: '24h' },
      tokenLifetime: '10m',
      allowedCIDRs: ['10.0.0.0/8'],
      secret: { name: 's' },
    });
  });
});
