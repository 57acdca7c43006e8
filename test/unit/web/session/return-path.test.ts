import { describe, expect, test } from 'vitest';
import { homePath } from '../../../../src/web/common/paths.ts';
import { returnPath } from '../../../../src/web/session/return-path.ts';

describe('returnPath', () => {
  test.each([
    '/deployments',
    '/deployments?search=web&page=2',
    `/deployments?${new URLSearchParams({ search: 'web shop*', state: 'Running' })}`,
    '/deployments/west/shop/web.v2',
    '/platform-settings',
    '/personal-center/access-keys/ci/rotate',
    '/personal-center/profile',
  ])('accepts %s', (path) => expect(returnPath(path)).toBe(path));

  test.each([
    undefined,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/%5cevil.example',
    '/\tevil.example',
    ' //evil.example',
    'javascript:alert(1)',
    '/personal-center@evil.example',
    '/personal-center/..//evil.example',
    '/logout',
    '/apis/ghippo.io/v1alpha1/token',
    '/deployments#x',
    '/deployments+x',
    '/deployments*',
    '/deployments//evil.example',
    '/deployments/../logout',
    '/deployments/west/shop/web/more',
    '/deployments?next=https://evil.example\r\nSet-Cookie: a=b',
  ])('replaces %o with the home page', (path) => expect(returnPath(path)).toBe(homePath));
});
