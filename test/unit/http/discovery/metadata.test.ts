import { describe, expect, it } from 'vitest';
import { parseIssuer } from '../../../../src/http/discovery/metadata.ts';

describe('parseIssuer', () => {
  it.each([
    ['https://a.example', 'https://a.example', ''],
    ['https://a.example/', 'https://a.example', ''],
    ['https://a.example:8443/x/y', 'https://a.example:8443/x/y', '/x/y'],
    ['http://localhost:8080', 'http://localhost:8080', ''],
    ['http://127.0.0.1:1', 'http://127.0.0.1:1', ''],
    ['http://[::1]:1/x', 'http://[::1]:1/x', '/x'],
  ])('accepts %s', (issuer, base, path) => {
    expect(parseIssuer(issuer)).toEqual({ issuer, base, path });
  });

  it.each([
    '',
    'x',
    'ftp://a',
    'http://a',
    'http://127.0.0.1.example',
    'https://a#b',
    'https://a?',
    'https://u@a',
    'https://a/:x',
    'https://a/*',
  ])('returns undefined for %j', (issuer) => {
    expect(parseIssuer(issuer)).toBeUndefined();
  });
});
