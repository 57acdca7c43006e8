import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatObject } from '../../../../src/cli/common/output.ts';
import { printable } from '../../../../src/cli/common/printable.ts';

/** Characters that the CRD does not reject are in it: CSI, right-to-left override, a tag. */
const hostile = 'a\u009b2Jb\u202ec\u{e0041}d\u001b]0;x\u0007';
const object = {
  kind: 'AccessKey',
  spec: { user: { name: hostile, note: 'two\nlines', since: '2026-01-01T00:00:00Z' } },
};

describe('printable', () => {
  it('replaces control and invisible characters, and keeps others', () => {
    expect(printable(hostile)).toBe('a?2Jb?c?d?]0;x?');
    expect(printable('用户 é 🎉')).toBe('用户 é 🎉');
  });
});

describe.each([
  ['json', (text: string): unknown => JSON.parse(text)],
  ['yaml', (text: string): unknown => parse(text)],
] as const)('formatObject as %s', (format, read) => {
  it('escapes control and invisible characters without changing the value', async () => {
    const text = await formatObject(object, format);
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(read(text)).toEqual(object);
  });
});
