import { describe, expect, it } from 'vitest';
import { createInventory } from '../../../src/inventory/inventory.ts';
import { caches } from '../../support/builders.ts';
import { ak, createPlatform, deploymentsPath, form, keyPaths, recordedReviews, sk, tokenPaths } from './support.ts';

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

  const listings = [
    deploymentsPath,
    deploymentsPath.replace('deployments', 'namespaces/shop/deployments'),
    deploymentsPath.replace('deployments', 'namespaces'),
    '/apis/kpanda.io/v1alpha1/asl/deployments',
    '/apis/kpanda.io/v1alpha1/asl/namespaces',
    '/apis/ghippo.io/v1alpha1/users',
    '/apis/ghippo.io/v1alpha1/keypairs',
  ];

  it.each(listings)('is taken for a listing, by the caller: %s', async (path) => {
    const { subjects, get, token } = await createRecordingPlatform();
    const authorization = `Bearer ${await token()}`;
    expect((await get(path)).status).toBe(401);
    expect(subjects).toEqual([]);
    expect((await get(path, { authorization })).status).toBe(200);
    expect(subjects).toEqual(['ann']);
  });

  it.each(listings)('is taken after the access review, for which many requests can wait: %s', async (path) => {
    const { authorizer, steps } = recordedReviews();
    const { get, token } = await createPlatform({
      authorizer,
      cluster: { authorizer },
      inventory: createInventory(caches({}), authorizer),
      takeTurn: async () => void steps.push('turn'),
    });
    expect((await get(path, { authorization: `Bearer ${await token()}` })).status).toBe(200);
    expect([new Set(steps.slice(0, -1)), steps.at(-1)]).toEqual([new Set(['review']), 'turn']);
  });
});
