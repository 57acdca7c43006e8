import { describe, expect, it } from 'vitest';
import { proxyFor } from '../../../../src/cli/common/environment-proxy.ts';

const proxy = 'http://proxy.example.org:3128';

describe('proxyFor', () => {
  it.each([
    ['https://api.example.org', { HTTPS_PROXY: proxy }, proxy],
    ['https://api.example.org', { https_proxy: proxy }, proxy],
    ['https://api.example.org', { HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128'],
    ['https://api.example.org', { HTTPS_PROXY: '', HTTP_PROXY: proxy }, undefined],
    ['http://api.example.org', { HTTP_PROXY: proxy }, proxy],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: proxy }, undefined],
    ['https://localhost:6443', { HTTPS_PROXY: proxy }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: proxy }, undefined],
  ])('for %s with %o', (server, env, expected) => {
    expect(proxyFor(server, env)).toBe(expected);
  });

  it.each([
    ['https://api.example.org', '*'],
    ['https://api.example.org', 'other, Example.org'],
    ['https://api.example.org', '.example.org'],
    ['https://api.example.org', '*.example.org'],
    ['https://example.org:6443', 'example.org:6443'],
    ['https://api.example.org', 'api.example.org:443'],
    ['https://10.1.2.3:6443', '10.0.0.0/8'],
    ['https://10.1.2.3:6443', '10.1.2.3'],
    ['https://10.1.2.3:6443', '10.1.2.3:6443'],
    ['https://[fd00::1]:6443', 'fd00::/8'],
    ['https://[fd00::1]:6443', 'fd00:0::1'],
    ['https://[fd00::1]:6443', '[fd00::1]:6443'],
  ])('has none for %s with NO_PROXY=%s', (server, excluded) => {
    expect(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY: excluded })).toBeUndefined();
    expect(proxyFor(server, { HTTPS_PROXY: proxy, no_proxy: excluded })).toBeUndefined();
  });

  it.each([
    ['https://example.org', '.example.org'],
    ['https://an-example.org', 'example.org'],
    ['https://api.example.org', 'example.org:6443'],
    ['https://11.1.2.3', '10.0.0.0/8'],
    ['https://10.1.2.3', '10.0.0.0/33'],
    ['https://10.1.2.3', '::/0'],
    ['https://10.1.2.3', '10.9.0.0/'],
    ['https://10.1.2.3', '10.0.0.0/8.5'],
    ['https://10.1.2.3', '10.0.0.0/8/1'],
    ['https://10.1.2.3', '3,2.3,.1.2.3'],
    ['https://10.1.2.3', '*.10.1.2.3'],
    ['https://10.1.2.3', '[10.1.2.3]'],
    ['https://[fd00::1]', '[fd00::1]'],
    ['https://10.1.2.3', '10.1.2.3:6443'],
    ['https://api.example.org', '10.0.0.0/8,,:443,/8'],
  ])('has one for %s with NO_PROXY=%s', (server, excluded) => {
    expect(proxyFor(server, { HTTPS_PROXY: proxy, NO_PROXY: excluded })).toBe(proxy);
  });
});
