import { describe, expect, it } from 'vitest';
import { createPlatform, keyPaths, tokenPaths } from './support.ts';

describe('Strict-Transport-Security', () => {
  it.each([...keyPaths, tokenPaths[0], '/nothing-here', '/oauth2/auth'])(
    'is sent if clients use HTTPS: %s',
    async (path) => {
      const { get } = await createPlatform({ secure: true });
      expect((await get(path)).headers.get('Strict-Transport-Security')).toBe('max-age=31536000');
    },
  );

  it('is not sent otherwise', async () => {
    const { get } = await createPlatform();
    expect((await get(keyPaths[0])).headers.get('Strict-Transport-Security')).toBeNull();
  });
});
