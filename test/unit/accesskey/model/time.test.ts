import { describe, expect, it } from 'vitest';
import { formatTime, parseEnteredTime, parseTime } from '../../../../src/accesskey/model/time.ts';
import { at, now } from '../../../support/builders.ts';

describe('formatTime', () => {
  it.each([
    [0, '1970-01-01T00:00:00Z'],
    [999, '1970-01-01T00:00:00Z'],
    [-1, '1970-01-01T00:00:00Z'],
    [Date.UTC(10000, 0, 1), '9999-12-31T23:59:59Z'],
    [9e15, '9999-12-31T23:59:59Z'],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), '2026-12-31T23:59:59Z'],
  ])('%d is %s', (milliseconds, text) => {
    expect(formatTime(milliseconds)).toBe(text);
  });
});

describe('parseEnteredTime', () => {
  it.each([
    ['2028-02-29T12:00:00Z', Date.UTC(2028, 1, 29, 12)],
    ['2030-12-31T23:59:59.5+02:00', Date.UTC(2030, 11, 31, 21, 59, 59, 500)],
    ['2030-12-31t00:00:00z', Date.UTC(2030, 11, 31)],
    ['1969-12-31T00:00:00Z', -86_400_000],
  ])('reads %s as %s', (text, time) => {
    expect(parseEnteredTime(text)).toBe(time);
  });

  it.each([
    ...['', '2030-12-31', '2030-12-31T12:00Z', '2030-12-31T12:00:00', ' 2030-12-31T12:00:00Z'],
    ...['2030-02-31T12:00:00Z', '2030-04-31T12:00:00Z', '2029-02-29T12:00:00Z', '2030-00-01T12:00:00Z'],
    ...['2030-12-31T24:00:00Z', '2030-12-31T23:60:00Z', '2030-12-31T23:59:60Z', '2030-12-31T12:00:00+24:00'],
  ])('rejects "%s"', (text) => {
    expect(parseEnteredTime(text)).toBeUndefined();
  });
});

describe('parseTime', () => {
  it.each([
    [at(0), now],
    [undefined, undefined],
    ['', undefined],
    ['yesterday', undefined],
  ])('of %j is %s', (text, time) => {
    expect(parseTime(text)).toBe(time);
  });
});
