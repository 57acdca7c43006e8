import { describe, expect, test } from 'vitest';
import { negotiate, translator } from '../../../src/web/common/language.ts';
import { en } from '../../../src/web/messages/en.ts';
import { zh } from '../../../src/web/messages/zh.ts';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe('the messages', () => {
  test('are the same in both languages, with the same values', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
      expect([key, placeholders(zh[key as keyof typeof en])]).toEqual([key, placeholders(text)]);
    }
  });

  test('are in Chinese, but for names', () => {
    const names = new Set(['downloadJson', 'downloadEnv', 'downloadSecret']);
    const latin = Object.entries(zh).filter(([key, text]) => !names.has(key) && !/\p{Script=Han}/u.test(text));
    expect(latin).toEqual([]);
  });

  test('have their values filled in, and only theirs', () => {
    expect(translator('en')('doneDeleted', { pair: '{other}' })).toBe('{other} is deleted.');
    expect(translator('zh-CN')('doneDeleted', { pair: 'ci' })).toBe('ci 已删除。');
  });
});

describe('the language', () => {
  test.each([
    [undefined, 'en'],
    ['', 'en'],
    ['de', 'en'],
    ['zh', 'zh-CN'],
    ['zh-TW,en;q=0.5', 'zh-CN'],
    ['de,zh-CN;q=0.8,en;q=0.9', 'en'],
    ['en;q=0,zh;q=0.1', 'zh-CN'],
    ['ZH-hans', 'zh-CN'],
    ['*', 'en'],
    [',;q=x,,', 'en'],
  ])('for %o is %s', (header, language) => expect(negotiate(header)).toBe(language));
});
