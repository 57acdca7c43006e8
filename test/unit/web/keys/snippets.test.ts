import { describe, expect, test } from 'vitest';
import { loadSnippets, shownUrl } from '../../../../src/web/keys/snippets.ts';

describe('shownUrl', () => {
  test.each([
    [{ publicUrl: 'https://keys.example.org/', secure: true }, 'evil.example', 'https://keys.example.org'],
    [{ secure: true }, 'evil.example', 'https://accesskey.example.org'],
    [{ secure: false }, 'evil.example:8080', 'http://accesskey.example.org'],
    [{ secure: false }, 'localhost.evil.example', 'http://accesskey.example.org'],
    [{ secure: false }, '127.0.0.1:80@evil.example', 'http://accesskey.example.org'],
    [{ secure: false }, undefined, 'http://accesskey.example.org'],
    [{ secure: false }, 'localhost:8080', 'http://localhost:8080'],
    [{ secure: true }, '127.0.0.1:8443', 'https://127.0.0.1:8443'],
    [{ secure: true }, '[::1]', 'https://[::1]'],
  ])('for %o and the host %s is %s', (options, host, url) => expect(shownUrl(options, host)).toBe(url));
});

test('the snippets contain their values', () => {
  const values = { url: 'https://keys.example.org', cluster: 'here', secret: 'mine', namespace: 'shop' };
  const snippets = loadSnippets()(values);
  expect(snippets.map(({ id }) => id)).toContain('curl');
  for (const { code } of snippets) expect(code).not.toMatch(/\{(?:url|cluster|secret|namespace)\}/);
  expect(snippets.map(({ code }) => code).join('')).toContain(values.url);
});
