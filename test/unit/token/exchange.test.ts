import { describe, expect, it } from 'vitest';
import type { KubernetesClient } from '../../../src/kube/client.ts';
import { ConnectionError } from '../../../src/kube/errors.ts';
import { createServiceAccountTokenReview } from '../../../src/token/exchange.ts';

const robot = { username: 'system:serviceaccount:shop:robot' };

/** A TokenReview API that returns this status and records the requests. */
function createReview(status: object | undefined) {
  const requests: unknown[] = [];
  const client = {
    async create(resource: object, body: { spec: unknown }) {
      expect(resource).toEqual({ apiVersion: 'authentication.k8s.io/v1', plural: 'tokenreviews' });
      requests.push(body.spec);
      return { status };
    },
  };
  const review = createServiceAccountTokenReview(client as unknown as KubernetesClient, 'keys');
  return { review, requests };
}

describe('createServiceAccountTokenReview', () => {
  it('returns the ServiceAccount of a token for this audience', async () => {
    const { review, requests } = createReview({ authenticated: true, audiences: ['keys'], user: robot });
    expect(await review('abc')).toEqual({ namespace: 'shop', name: 'robot' });
    expect(requests).toEqual([{ token: 'abc', audiences: ['keys'] }]);
  });

  it.each<[string, object]>([
    ['not authenticated', { authenticated: false, audiences: ['keys'], user: robot }],
    ['of another audience', { authenticated: true, audiences: ['other'], user: robot }],
    // An authenticator that ignores audiences.
    ['of no audience', { authenticated: true, user: robot }],
    ['of a user', { authenticated: true, audiences: ['keys'], user: { username: 'ann' } }],
    ['without a user', { authenticated: true, audiences: ['keys'] }],
    ['with an empty status', {}],
  ])('rejects a token that is %s', async (_, status) => {
    expect(await createReview(status).review('abc')).toBeUndefined();
  });

  it('rejects with a ConnectionError without a status, which says nothing about the token', async () => {
    await expect(createReview(undefined).review('abc')).rejects.toThrow(ConnectionError);
  });
});
