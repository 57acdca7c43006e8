import { describe, expect, test } from 'vitest';
import { en } from '../../../src/web/messages/en.ts';
import { zh } from '../../../src/web/messages/zh.ts';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe('the messages', () => {
  test('have the same keys and placeholders in both languages', () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
      expect([key, placeholders(zh[key as keyof typeof en])]).toEqual([key, placeholders(text)]);
    }
  });

  test('are translated to Chinese, except for names', () => {
    const names = new Set(['downloadJson', 'downloadEnv', 'downloadSecret', 'accessKeyId', 'secretKey']);
    const latin = Object.entries(zh).filter(([key, text]) => !names.has(key) && !/\p{Script=Han}/u.test(text));
    expect(latin).toEqual([]);
  });
});
