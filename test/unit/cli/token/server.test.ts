import { describe, expect, it } from 'vitest';
import { parseServer } from '../../../../src/cli/token/server.ts';

describe('parseServer', () => {
  it.each([
    ['https://keys.example.org', 'https://keys.example.org'],
    ['https://keys.example.org/', 'https://keys.example.org'],
    ['https://keys.example.org:8443/auth//', 'https://keys.example.org:8443/auth'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://127.8.9.1', 'http://127.8.9.1'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
  ])('accepts %s', (text, expected) => {
    expect(parseServer(text, false)).toBe(expected);
  });

  it.each([
    ['', 'must be an https URL'],
    ['keys.example.org', 'must be an https URL'],
    ['ftp://keys.example.org', 'must be an https URL'],
    ['http://keys.example.org', 'http://keys.example.org does not use https'],
    ['http://127.0.0.1.example.org', 'does not use https'],
    ['http://localhost.example.org', 'does not use https'],
    ['https://keys.example.org?ak=1', 'must not have a query or a fragment'],
    ['https://keys.example.org#a', 'must not have a query or a fragment'],
  ])('rejects %s', (text, message) => {
    expect(() => parseServer(text, false)).toThrow(message);
    expect(() => parseServer(text, false, 'ACCESSKEY_URL')).toThrow(/^ACCESSKEY_URL: /);
  });

  it('does not repeat a password', () => {
    const parse = () => parseServer('https://alice:hunter2@keys.example.org', true);
    expect(parse).toThrow('--server: must not contain a user name or a password');
  });

  it('accepts plain http to any address only on request', () => {
    expect(parseServer('http://accesskey-operator.accesskey-system', true)).toContain('http://');
  });
});
