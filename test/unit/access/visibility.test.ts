import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ReviewCount } from '../../../src/access/decisions.ts';
import { UndecidedError } from '../../../src/access/limit.ts';
import { createVisibility } from '../../../src/access/visibility.ts';
import { ConnectionError } from '../../../src/kube/errors.ts';

const ann = { name: 'ann', groups: [] };
const many = Array.from({ length: 50 }, (_, index) => `n${index}`);
const idle = () => new Promise(setImmediate);

interface World {
  /** Namespaces in which the user may list; `undefined` means all namespaces. */
  allowed?: (string | undefined)[];
  /** Default: all namespaces. */
  toCheck?: string[];
  /** Fails the check of this namespace. */
  failure?: { namespace: string; error: Error };
}

function createWorld({ allowed = [], toCheck, failure }: World) {
  const asked: (string | undefined)[] = [];
  const listings: number[] = [];
  let open = 0;
  let most = 0;
  const visibleNamespaces = createVisibility({
    namespacesToCheck: async () => toCheck && new Set(toCheck),
    listed: (reviews) => void listings.push(reviews),
    async mayList(_, namespace, count: ReviewCount) {
      asked.push(namespace);
      count.reviews += 1;
      open += 1;
      most = Math.max(most, open);
      await idle();
      open -= 1;
      if (failure && namespace === failure.namespace) throw failure.error;
      return allowed.includes(namespace);
    },
  });
  return { asked, listings, most: () => most, visibleNamespaces };
}

describe('visibleNamespaces', () => {
  it('needs one review for a user who may list all namespaces', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: [undefined], toCheck: ['n1'] });
    expect(await visibleNamespaces(ann, many, many)).toEqual('all');
    expect(asked).toEqual([undefined]);
  });

  it('returns all for a user who may list all namespaces, also if they are empty', async () => {
    expect(await createWorld({ allowed: [undefined] }).visibleNamespaces(ann, [], many)).toEqual('all');
  });

  it.each([
    ['returns the allowed namespaces in their order', many, ['n40', 'n3', 'n17'], ['n3', 'n17', 'n40']],
    ['returns undefined without any permission', many, [], undefined],
    ['returns undefined for a permission in a missing namespace', many, ['elsewhere'], undefined],
    ['returns [] for a permission in an empty namespace only', many, ['empty'], []],
    ['returns [] for a permission in a namespace while all are empty', [], ['n1'], []],
    ['returns undefined without any permission while all are empty', [], [], undefined],
  ])('%s', async (_, nonEmpty, allowed, visible) => {
    const all = ['empty', ...many];
    expect(await createWorld({ allowed }).visibleNamespaces(ann, nonEmpty, all)).toEqual(visible);
    const toCheck = [...allowed, 'n5', 'nowhere'];
    expect(await createWorld({ allowed, toCheck }).visibleNamespaces(ann, nonEmpty, all)).toEqual(visible);
  });

  it('checks only the namespaces to check', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: ['n3', 'n4'], toCheck: ['n3', 'n7', 'empty'] });
    expect(await visibleNamespaces(ann, many, ['empty', ...many])).toEqual(['n3']);
    expect(asked).toEqual([undefined, 'n3', 'n7']);
  });

  it('hides a namespace to check that the cluster denies', async () => {
    const { visibleNamespaces } = createWorld({ toCheck: many });
    expect(await visibleNamespaces(ann, many, many)).toBeUndefined();
  });

  it('does not check empty namespaces when another one is visible', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: ['n0', 'empty'] });
    expect(await visibleNamespaces(ann, many, [...many, 'empty'])).toEqual(['n0']);
    expect(asked).not.toContain('empty');
  });

  it('stops checking empty namespaces after the first allowed one', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: ['n0'] });
    expect(await visibleNamespaces(ann, [], many)).toEqual([]);
    expect(asked.length).toBeLessThan(20);
  });

  it('checks each namespace once, 8 at a time, and counts the reviews', async () => {
    const { asked, listings, most, visibleNamespaces } = createWorld({ allowed: ['n0'] });
    await visibleNamespaces(ann, many, many);
    expect(asked).toEqual([undefined, ...many]);
    expect(most()).toBe(8);
    expect(listings).toEqual([51]);
  });

  it('fails when one check fails, instead of leaving out that namespace, and stops checking', async () => {
    const error = new ConnectionError('no answer');
    const { asked, listings, visibleNamespaces } = createWorld({
      allowed: ['n1'],
      failure: { namespace: 'n10', error },
    });
    await expect(visibleNamespaces(ann, many, many)).rejects.toBe(error);
    expect(listings).toEqual([asked.length]);
    for (let turns = 0; turns < 5; turns += 1) await idle();
    expect(asked.length).toBeLessThan(25);
  });

  describe('after the time limit', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it('fails, and stops checking', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const asked: unknown[] = [];
      const visibleNamespaces = createVisibility({
        namespacesToCheck: async () => undefined,
        listed: () => undefined,
        mayList: (_, namespace) => {
          asked.push(namespace);
          return new Promise((resolve) => void setTimeout(() => resolve(false), 3_000));
        },
      });
      const found = expect(visibleNamespaces(ann, many, many)).rejects.toThrow(UndecidedError);
      await vi.advanceTimersByTimeAsync(10_000);
      await found;
      const before = asked.length;
      await vi.advanceTimersByTimeAsync(20_000);
      expect(asked.length).toBe(before);
    });
  });
});
