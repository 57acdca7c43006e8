import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AccessMetrics, createAuthorizer } from '../../../src/access/authorizer.ts';
import { UndecidedError } from '../../../src/access/limit.ts';
import type { KubernetesClient } from '../../../src/kube/client.ts';
import { ConnectionError } from '../../../src/kube/errors.ts';

const ann = { name: 'ann', groups: ['dev'] };

interface Review {
  spec: { user: string; groups: string[]; resourceAttributes: { namespace?: string } };
}

type Status = { allowed: boolean; denied?: boolean } | undefined;

function createCluster(
  decide: (review: Review['spec']) => Status | Promise<Status>,
  metrics?: AccessMetrics,
  cacheSeconds = 10,
) {
  const reviews: Review['spec'][] = [];
  const create = async (resource: object, { spec }: Review) => {
    expect(resource).toEqual({ apiVersion: 'authorization.k8s.io/v1', plural: 'subjectaccessreviews' });
    reviews.push(spec);
    return { status: await decide(spec) };
  };
  const client = { create } as unknown as KubernetesClient;
  const times = { cacheSeconds, maxStaleSeconds: 60 };
  return { reviews, authorizer: createAuthorizer({ client, ...times, ...(metrics && { metrics }) }) };
}

const allow = () => ({ allowed: true });

describe('an authorizer', () => {
  it.each([
    ['all namespaces', undefined, {}],
    ['one namespace', 'shop', { namespace: 'shop' }],
  ])('reviews list deployments in %s', async (_, namespace, attributes) => {
    const { reviews, authorizer } = createCluster(allow);
    await authorizer.mayListDeployments(ann, namespace);
    expect(reviews).toStrictEqual([
      {
        user: 'ann',
        groups: ['dev', 'system:authenticated'],
        resourceAttributes: { verb: 'list', group: 'apps', resource: 'deployments', ...attributes },
      },
    ]);
  });

  it('reviews get with the name of the deployment, and caches each name separately', async () => {
    const { reviews, authorizer } = createCluster(({ resourceAttributes }) => ({
      allowed: 'name' in resourceAttributes && resourceAttributes.name === 'web',
    }));
    expect(await authorizer.mayGetDeployment(ann, 'shop', 'web')).toBe(true);
    expect(await authorizer.mayGetDeployment(ann, 'shop', 'api')).toBe(false);
    expect(await authorizer.mayListDeployments(ann, 'shop')).toBe(false);
    expect(await authorizer.mayGetDeployment(ann, 'shop', 'web')).toBe(true);
    expect(reviews).toHaveLength(3);
    expect(reviews[0]?.resourceAttributes).toStrictEqual({
      verb: 'get',
      group: 'apps',
      resource: 'deployments',
      namespace: 'shop',
      name: 'web',
    });
  });

  it('reviews create tokenreviews, and caches it separately from other permissions', async () => {
    const { reviews, authorizer } = createCluster(({ resourceAttributes }) => ({
      allowed: 'resource' in resourceAttributes && resourceAttributes.resource === 'tokenreviews',
    }));
    expect(await authorizer.mayListDeployments(ann)).toBe(false);
    expect(await authorizer.mayReviewTokens(ann)).toBe(true);
    expect(await authorizer.mayReviewTokens(ann)).toBe(true);
    expect(reviews).toHaveLength(2);
    expect(reviews[1]).toStrictEqual({
      user: 'ann',
      groups: ['dev', 'system:authenticated'],
      resourceAttributes: { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' },
    });
  });

  it('sends each group once', async () => {
    const { reviews, authorizer } = createCluster(allow);
    await authorizer.mayListDeployments({ name: 'ann', groups: ['system:authenticated', 'dev', 'dev'] });
    expect(reviews[0]?.groups).toEqual(['system:authenticated', 'dev']);
  });

  it.each<[Status, boolean]>([
    [{ allowed: true }, true],
    [{ allowed: false }, false],
    [{ allowed: false, denied: true }, false],
  ])('turns the status %j into %s', async (status, may) => {
    const { authorizer } = createCluster(() => status);
    expect(await authorizer.mayListDeployments(ann, 'shop')).toBe(may);
  });

  it('neither allows nor denies access after a response without a decision', async () => {
    const { reviews, authorizer } = createCluster(() => undefined);
    for (let times = 0; times < 2; times += 1) {
      await expect(authorizer.mayListDeployments(ann, 'shop')).rejects.toThrow(ConnectionError);
    }
    expect(reviews).toHaveLength(2);
  });

  it.each([true, false])('caches the decision %s', async (allowed) => {
    const { reviews, authorizer } = createCluster(() => ({ allowed }));
    for (let times = 0; times < 3; times += 1) expect(await authorizer.mayListDeployments(ann, 'shop')).toBe(allowed);
    expect(reviews).toHaveLength(1);
  });

  it('uses one cache entry for the same groups in another order', async () => {
    const { reviews, authorizer } = createCluster(allow);
    await authorizer.mayListDeployments({ name: 'ann', groups: ['a', 'b'] });
    await authorizer.mayListDeployments({ name: 'ann', groups: ['b', 'a'] });
    expect(reviews).toHaveLength(1);
  });

  it.each([
    ['another user', { name: 'bob', groups: ['dev'] }, 'shop'],
    ['another group', { name: 'ann', groups: ['ops'] }, 'shop'],
    ['one more group', { name: 'ann', groups: ['dev', 'ops'] }, 'shop'],
    ['no group', { name: 'ann', groups: [] }, 'shop'],
    ['another namespace', ann, 'store'],
    ['all namespaces', ann, undefined],
    ['a namespace named null', ann, 'null'],
  ])('reviews again for %s', async (_, subject, namespace) => {
    const { reviews, authorizer } = createCluster(({ user, groups, resourceAttributes }) => ({
      allowed: user === 'ann' && groups.length === 2 && resourceAttributes.namespace === 'shop' && groups[0] === 'dev',
    }));
    expect(await authorizer.mayListDeployments(ann, 'shop')).toBe(true);
    expect(await authorizer.mayListDeployments(subject, namespace)).toBe(false);
    expect(reviews).toHaveLength(2);
  });

  it.each([
    [
      { name: 'a,b', groups: [] },
      { name: 'a', groups: ['b'] },
    ],
    [
      { name: 'a', groups: ['b', 'c'] },
      { name: 'a', groups: ['b,c'] },
    ],
    [
      { name: 'a"]', groups: [] },
      { name: 'a', groups: ['"]'] },
    ],
  ])('distinguishes %j from %j', async (left, right) => {
    const { reviews, authorizer } = createCluster(allow);
    await authorizer.mayListDeployments(left);
    await authorizer.mayListDeployments(right);
    expect(reviews).toHaveLength(2);
  });

  it('distinguishes a namespace named null from all namespaces', async () => {
    const { reviews, authorizer } = createCluster(allow);
    await authorizer.mayListDeployments(ann);
    await authorizer.mayListDeployments(ann, 'null');
    expect(reviews.map((review) => review.resourceAttributes.namespace)).toEqual([undefined, 'null']);
  });

  it('shares one review between equal questions in flight', async () => {
    const answer = Promise.withResolvers<Status>();
    const { reviews, authorizer } = createCluster(() => answer.promise);
    const all = [1, 2, 3].map(() => authorizer.mayListDeployments(ann, 'shop'));
    answer.resolve({ allowed: true });
    expect(await Promise.all(all)).toEqual([true, true, true]);
    expect(reviews).toHaveLength(1);
  });

  it('rethrows a failure and does not cache it', async () => {
    const failure = new ConnectionError('no answer');
    const answers: (() => Status)[] = [
      () => {
        throw failure;
      },
      allow,
    ];
    const { authorizer } = createCluster(() => answers.shift()?.());
    await expect(authorizer.mayListDeployments(ann)).rejects.toBe(failure);
    expect(await authorizer.mayListDeployments(ann)).toBe(true);
  });

  it('runs at most 8 reviews per user and 16 in total at the same time', async () => {
    const answer = Promise.withResolvers<Status>();
    const { reviews, authorizer } = createCluster(() => answer.promise);
    const ask = (name: string) =>
      Array.from({ length: 20 }, (_, n) => authorizer.mayListDeployments({ name, groups: [] }, `n${n}`));
    const ofAnn = ask('ann');
    await new Promise(setImmediate);
    expect(reviews).toHaveLength(8);
    const all = [...ofAnn, ...ask('bob'), ...ask('eve')];
    await new Promise(setImmediate);
    expect(reviews.map(({ user }) => user)).toEqual([...Array(8).fill('ann'), ...Array(8).fill('bob')]);
    answer.resolve({ allowed: true });
    expect(await Promise.all(all)).toEqual(Array(60).fill(true));
    expect(reviews).toHaveLength(60);
  });

  it.each([
    ['ServiceAccounts of one namespace', (n: number) => ({ name: `system:serviceaccount:shop:robot${n}`, groups: [] })],
    ['other groups', (n: number) => ({ name: 'eve', groups: [`group${n}`] })],
  ])('leaves reviews to other users, however many identities a user has: %s', async (_, identity) => {
    const answer = Promise.withResolvers<Status>();
    const { reviews, authorizer } = createCluster(() => answer.promise);
    const all = Array.from({ length: 40 }, (_, n) => authorizer.mayListDeployments(identity(n), `n${n}`));
    await new Promise(setImmediate);
    expect(reviews).toHaveLength(8);
    all.push(authorizer.mayListDeployments(ann, 'shop'));
    all.push(authorizer.mayListDeployments({ name: 'system:serviceaccount:store:robot1', groups: [] }, 'shop'));
    await new Promise(setImmediate);
    expect(reviews.slice(8).map(({ user }) => user)).toEqual(['ann', 'system:serviceaccount:store:robot1']);
    answer.resolve({ allowed: true });
    expect(await Promise.all(all)).toEqual(Array(42).fill(true));
  });

  it('evicts decisions of the same namespace when its ServiceAccounts have used up their share of the cache', async () => {
    const { reviews, authorizer } = createCluster(allow, undefined, 3_600);
    const robots = [1, 2].map((n) => ({ name: `system:serviceaccount:shop:robot${n}`, groups: [] }));
    const ask = (n: number) => authorizer.mayListDeployments(robots[n % 2] as (typeof robots)[0], `n${n}`);
    for (let from = 0; from < 25_002; from += 6) {
      await Promise.all(Array.from({ length: 6 }, (_, n) => ask(from + n)));
    }
    const before = reviews.length;
    await ask(0);
    expect(reviews).toHaveLength(before + 1);
  });

  describe('over time', () => {
    let milliseconds = 1_000;
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      vi.spyOn(performance, 'now').mockImplementation(() => milliseconds);
    });
    afterEach(() => {
      vi.useRealTimers();
      vi.restoreAllMocks();
    });

    async function wait(time: number): Promise<void> {
      milliseconds += time;
      await vi.advanceTimersByTimeAsync(time);
    }

    it('reviews again after cacheSeconds', async () => {
      let allowed = true;
      const { reviews, authorizer } = createCluster(() => ({ allowed }));
      expect(await authorizer.mayListDeployments(ann)).toBe(true);
      allowed = false;
      await wait(9_900);
      expect(await authorizer.mayListDeployments(ann)).toBe(true);
      await wait(200);
      expect(await authorizer.mayListDeployments(ann)).toBe(false);
      expect(reviews).toHaveLength(2);
    });

    it('reuses the decisions of a listing that timed out', async () => {
      const decide = async ({ resourceAttributes: { namespace } }: Review['spec']) => {
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        return { allowed: namespace === 'n69' };
      };
      const { reviews, authorizer } = createCluster(decide, undefined, 60);
      const namespaces = Array.from({ length: 70 }, (_, n) => `n${n}`);
      const list = () => authorizer.visibleNamespaces(ann, namespaces, namespaces);
      const first = expect(list()).rejects.toThrow(UndecidedError);
      for (let times = 0; times < 20; times += 1) await wait(500);
      await first;
      const second = list();
      for (let times = 0; times < 20; times += 1) await wait(500);
      expect(await second).toEqual(['n69']);
      expect(reviews.length).toBeLessThan(100);
    });

    it('falls back to a stale decision until it is older than maxStaleSeconds', async () => {
      let answer: () => Status = allow;
      const { authorizer } = createCluster(() => answer());
      await authorizer.mayListDeployments(ann);
      answer = () => {
        throw new ConnectionError('no answer');
      };
      await wait(59_900);
      expect(await authorizer.mayListDeployments(ann)).toBe(true);
      await wait(200);
      await expect(authorizer.mayListDeployments(ann)).rejects.toThrow('no answer');
    });
  });
});

describe('the permission to change the key pairs of another user', () => {
  const accessKey = (name: string, groups: string[] = []) => ({
    namespace: 'shop',
    name: 'bob',
    user: { name, groups },
  });
  const core = { verb: 'impersonate', group: '' };
  const patch = { verb: 'patch', group: 'ghippo.io', resource: 'accesskeys', namespace: 'shop', name: 'bob' };

  it.each([
    ['bob', { ...core, resource: 'users', name: 'bob' }],
    ['system:serviceaccount:shop:ci', { ...core, resource: 'serviceaccounts', namespace: 'shop', name: 'ci' }],
    // No ServiceAccount can have these names.
    ['system:serviceaccount:shop:Ci', { ...core, resource: 'users', name: 'system:serviceaccount:shop:Ci' }],
    ['system:serviceaccount:a.b:ci', { ...core, resource: 'users', name: 'system:serviceaccount:a.b:ci' }],
    ['system:serviceaccount:shop', { ...core, resource: 'users', name: 'system:serviceaccount:shop' }],
  ])('reviews what the admission policy requires for the user %s', async (user, impersonate) => {
    const { reviews, authorizer } = createCluster(allow);
    expect(await authorizer.mayChangeKeyPairs(ann, accessKey(user, ['ops', 'dev']))).toBe(true);
    expect(reviews.map(({ resourceAttributes }) => resourceAttributes)).toEqual([
      patch,
      impersonate,
      { ...core, resource: 'groups', name: 'ops' },
      { ...core, resource: 'groups', name: 'dev' },
    ]);
  });

  it.each([0, 1, 2, 3])('is missing if review %s denies it', async (index) => {
    let count = 0;
    const { authorizer } = createCluster(() => {
      count += 1;
      return { allowed: count - 1 !== index };
    });
    expect(await authorizer.mayChangeKeyPairs(ann, accessKey('bob', ['ops', 'dev']))).toBe(false);
  });
});

describe('metrics', () => {
  it.each<[string, () => Status, string]>([
    ['allowed', allow, 'allowed'],
    ['denied', () => ({ allowed: false }), 'denied'],
    [
      'failed',
      () => {
        throw new ConnectionError('no answer');
      },
      'error',
    ],
  ])('count a review that is %s, and no cached decision', async (_, decide, result) => {
    const results: string[] = [];
    const { reviews, authorizer } = createCluster(decide, {
      reviewed: (one) => void results.push(one),
      usedStaleDecision: () => undefined,
      listed: () => undefined,
    });
    for (let times = 0; times < 3; times += 1) {
      await authorizer.mayListDeployments(ann, 'shop').catch(() => undefined);
    }
    expect(results).toEqual(reviews.map(() => result));
    expect(results.length).toBe(result === 'error' ? 3 : 1);
  });

  it('count the reviews of each listing of deployments, and not those of AccessKeys', async () => {
    const listings: number[] = [];
    const { authorizer } = createCluster(
      ({ resourceAttributes: { namespace } }) => ({ allowed: namespace === 'shop' }),
      {
        reviewed: () => undefined,
        usedStaleDecision: () => undefined,
        listed: (reviews) => void listings.push(reviews),
      },
    );
    expect(await authorizer.visibleAccessKeys(ann, ['shop', 'store'], ['shop', 'store'])).toEqual(['shop']);
    expect(listings).toEqual([]);
    await authorizer.visibleNamespaces(ann, ['shop'], ['shop']);
    expect(listings).toEqual([2]);
  });
});

describe('a namespaced authorizer', () => {
  function createNamespaced() {
    const asked: { namespace: string; body: object }[] = [];
    const create = async ({ namespace, ...resource }: { namespace: string }, body: object) => {
      expect(resource).toEqual({ apiVersion: 'authorization.k8s.io/v1', plural: 'localsubjectaccessreviews' });
      asked.push({ namespace, body });
      return { status: { allowed: true } };
    };
    const client = { create } as unknown as KubernetesClient;
    const scope = { watchNamespace: 'team-a', namespace: 'accesskey-system' };
    const times = { cacheSeconds: 10, maxStaleSeconds: 60 };
    return { asked, authorizer: createAuthorizer({ client, ...times, namespaced: scope }) };
  }

  it('sends a LocalSubjectAccessReview in watchNamespace', async () => {
    const { asked, authorizer } = createNamespaced();
    expect(await authorizer.mayListDeployments(ann, 'team-a')).toBe(true);
    const spec = {
      user: 'ann',
      groups: ['dev', 'system:authenticated'],
      resourceAttributes: { verb: 'list', group: 'apps', resource: 'deployments', namespace: 'team-a' },
    };
    expect(asked).toStrictEqual([{ namespace: 'team-a', body: { metadata: { namespace: 'team-a' }, spec } }]);
  });

  it.each([undefined, 'accesskey-system', 'other'])('denies the namespace %s without a review', async (namespace) => {
    const { asked, authorizer } = createNamespaced();
    expect(await authorizer.mayListDeployments(ann, namespace)).toBe(false);
    expect(await authorizer.mayGetDeployment(ann, namespace ?? '', 'web')).toBe(false);
    expect(asked).toEqual([]);
  });

  it('reviews create tokenreviews in its own namespace, and AccessKeys in watchNamespace', async () => {
    const { asked, authorizer } = createNamespaced();
    expect(await authorizer.mayReviewTokens(ann)).toBe(true);
    expect(asked.map(({ namespace }) => namespace)).toEqual(['accesskey-system']);
    expect(await authorizer.mayReadAccessKeys(ann, 'list')).toBe(true);
    expect(asked.map(({ namespace }) => namespace)).toEqual(['accesskey-system', 'team-a']);
  });

  it('cannot review the permission to impersonate, which is not granted in a namespace', async () => {
    const { asked, authorizer } = createNamespaced();
    const user = { name: 'bob', groups: [] };
    expect(await authorizer.mayChangeKeyPairs(ann, { namespace: 'team-a', name: 'bob', user })).toBe(false);
    expect(asked).toEqual([]);
  });
});
