import { describe, expect, test } from 'vitest';
import { negotiateLanguage, translator } from '../../../../src/web/common/language.ts';

describe('translator', () => {
  test('replaces the placeholders of a message once', () => {
    expect(translator('en')('doneDeleted', { pair: '{other}' })).toBe('Key {other} has been deleted.');
    expect(translator('zh-CN')('doneDeleted', { pair: 'ci' })).toBe('密钥 ci 已删除。');
  });
});

describe('negotiateLanguage', () => {
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
    ['zh;q=x', 'en'],
  ])('for %o returns %s', (header, language) => expect(negotiateLanguage(header)).toBe(language));
});
