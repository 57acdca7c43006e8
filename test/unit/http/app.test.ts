import { describe, expect, it } from 'vitest';
import { ak, createPlatform, deploymentsPath, form, keyPaths, sk, tokenPaths } from './support.ts';

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

describe('a turn of the event loop', () => {
  /** A platform that records the subjects of turns. */
  async function createRecordingPlatform() {
    const subjects: string[] = [];
    const takeTurn = async (subject: string) => void subjects.push(subject);
    return { subjects, ...(await createPlatform({ takeTurn })) };
  }

  it('is taken for a large body, by the network of the client', async () => {
    const { subjects, send } = await createRecordingPlatform();
    await send(tokenPaths[0], form({ ak, sk }), '192.0.2.1');
    expect(subjects).toEqual([]);
    await send(tokenPaths[0], form({ ak, sk: 'x'.repeat(5_000) }), '2001:db8::1');
    expect(subjects).toEqual(['2001:db8:0:0::/64']);
  });

  it.each([
    deploymentsPath,
    deploymentsPath.replace('deployments', 'namespaces/shop/deployments'),
    '/apis/kpanda.io/v1alpha1/asl/deployments',
    '/apis/ghippo.io/v1alpha1/users',
    '/apis/ghippo.io/v1alpha1/keypairs',
  ])('is taken for a listing, by the caller: %s', async (path) => {
    const { subjects, get, token } = await createRecordingPlatform();
    const authorization = `Bearer ${await token()}`;
    expect((await get(path)).status).toBe(401);
    expect(subjects).toEqual([]);
    expect((await get(path, { authorization })).status).toBe(200);
    expect(subjects).toEqual(['ann']);
  });
});
