import { describe, expect, test } from 'vitest';
import {
  dateOf,
  dayAfter,
  detailsOf,
  emptyInput,
  newInput,
  readPairInput,
  validatePairInput,
} from '../../../../src/web/keys/pair-input.ts';
import { now } from '../../../support/builders.ts';

describe('the input of the form', () => {
  const input = { ...emptyInput, name: 'ci' };
  test.each([
    [{}, {}],
    [{ name: '' }, { name: 'missingName' }],
    [{ name: 'a'.repeat(64) }, { name: 'badName' }],
    [{ name: '-a' }, { name: 'badName' }],
    [{ description: 'x'.repeat(257) }, { description: 'badDescription' }],
    [{ description: '🔑'.repeat(257) }, { description: 'badDescription' }],
    [{ description: '🔑'.repeat(256) }, {}],
    [{ description: 'two\nlines' }, { description: 'badDescription' }],
    [{ validity: 'custom', date: '2026-01-01' } as const, {}],
    [{ validity: 'custom', date: '2025-12-31' } as const, { date: 'badDate' }],
    [{ validity: 'custom', date: '2027-02-31' } as const, { date: 'badDate' }],
    [{ validity: 'custom', date: '' } as const, { date: 'missingDate' }],
    [{ validity: '90', date: 'x' } as const, {}],
    [{ validity: 'custom', date: '99999-01-01' } as const, { date: 'badDate' }],
    [{ validity: 'permanent', date: 'x' } as const, {}],
  ])('with %o has the problems %o', (change, problems) =>
    expect(validatePairInput({ ...input, ...change }, now)).toEqual(problems),
  );

  test('expires at the end of the day, or at the current time if the day is unchanged', () => {
    const custom = { ...input, validity: 'custom', date: '2027-06-01' } as const;
    expect(detailsOf(custom, now)).toEqual({ expiresAt: '2027-06-01T23:59:59Z', description: undefined });
    expect(detailsOf(custom, now, '2027-06-01T08:00:00+01:00').expiresAt).toBe('2027-06-01T08:00:00+01:00');
    expect(detailsOf({ ...custom, validity: 'permanent' }, now).expiresAt).toBeUndefined();
  });

  test('expires at the end of the last day of a period', () => {
    const period = { ...input, validity: '90', date: '2040-01-01' } as const;
    expect(detailsOf(period, now, '2040-01-01T00:00:00Z').expiresAt).toBe(`${dayAfter(90, now)}T23:59:59Z`);
    expect(dayAfter(90, Date.UTC(2026, 0, 1, 23))).toBe('2026-04-01');
  });

  test('of a new key has a period, and an unknown one means no expiration', () => {
    expect(newInput.validity).toBe('90');
    const form = { text: (name: string) => (name === 'validity' ? '91' : undefined), all: () => [] };
    expect(readPairInput(form).validity).toBe('permanent');
  });

  test.each([
    ['2027-06-01T08:00:00+10:00', '2027-05-31'],
    ['2027-06-01T08:00:00+24:00', ''],
  ])('shows the expiry %s as the day %j', (time, day) => expect(dateOf(time)).toBe(day));
});
