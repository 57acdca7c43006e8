import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatObject } from '../../../src/cli/common/output.ts';
import { oneLine, printable, printableJSON, printableName } from '../../../src/kube/printable.ts';

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

describe('oneLine', () => {
  it('puts spaces in place of line breaks, and question marks in place of other unsafe characters', () => {
    expect(oneLine(`a\n\n  b\r\n\tc\u2028d ${hostile}`, 100)).toBe('a b c d a?2Jb?c?d?]0;x?');
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('returns whole characters that fit into %d bytes', (bytes) => {
    const text = oneLine('é🔑一a', bytes);
    expect('é🔑一a'.startsWith(text)).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytes);
  });

  it('returns its own result unchanged, also of text that is not well-formed', () => {
    for (const text of ['\ud83d'.repeat(50), `${'x'.repeat(99)}🔑`, '\n'.repeat(200), '一'.repeat(200)]) {
      const once = oneLine(text, 100);
      expect(oneLine(once, 100)).toBe(once);
      expect(once.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(once)).toBeLessThanOrEqual(100);
    }
  });
});

describe('printableName', () => {
  it('is one line, at most as long as a name of Kubernetes', () => {
    expect(printableName(hostile)).toBe('a?2Jb?c?d?]0;x?');
    expect(printableName('x'.repeat(253))).toBe('x'.repeat(253));
    expect(printableName('x'.repeat(1_000_000))).toBe('x'.repeat(253));
    expect(printableName(`${'x'.repeat(252)}🔑`).isWellFormed()).toBe(true);
  });
});

describe('a log with printableJSON', () => {
  it('escapes control and invisible characters without changing the value', () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    pino({ base: null, hooks: { streamWrite: printableJSON } }, stream).info({ [hostile]: hostile }, hostile);
    expect(lines.join('').replace(/\n$/, '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(lines.join(''))).toMatchObject({ [hostile]: hostile, msg: hostile });
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
