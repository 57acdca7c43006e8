import { describe, expect, it } from 'vitest';
import type { KubernetesClient } from '../../../src/kube/client.ts';
import { createServiceAccountReview } from '../../../src/token/exchange.ts';

const robot = { username: 'system:serviceaccount:shop:robot' };

/** A cluster that answers every review with this status, and notes what it is asked. */
function createReview(status: object | undefined) {
  const asked: unknown[] = [];
  const authentication = {
    async createTokenReview({ body }: { body: { spec: unknown } }) {
      asked.push(body.spec);
      return { status };
    },
  };
  const review = createServiceAccountReview({ authentication } as unknown as KubernetesClient, 'keys');
  return { review, asked };
}

describe('the review of a ServiceAccount token', () => {
  it('tells whose it is, for this audience', async () => {
    const { review, asked } = createReview({ authenticated: true, audiences: ['keys'], user: robot });
    expect(await review('abc')).toEqual({ namespace: 'shop', name: 'robot' });
    expect(asked).toEqual([{ token: 'abc', audiences: ['keys'] }]);
  });

  it.each<[string, object | undefined]>([
    ['not authenticated', { authenticated: false, audiences: ['keys'], user: robot }],
    ['of another audience', { authenticated: true, audiences: ['other'], user: robot }],
    // An authenticator that knows nothing of audiences.
    ['of no audience', { authenticated: true, user: robot }],
    ['of a user', { authenticated: true, audiences: ['keys'], user: { username: 'ann' } }],
    ['of nobody', { authenticated: true, audiences: ['keys'] }],
    ['without a status', undefined],
    ['with an empty status', {}],
  ])('refuses a token that is %s', async (_, status) => {
    expect(await createReview(status).review('abc')).toBeUndefined();
  });
});
