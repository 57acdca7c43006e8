import { afterEach, describe, expect, it, vi } from 'vitest';
import { UndecidedError } from '../../../src/access/deadline.ts';
import type { ReviewCount } from '../../../src/access/decisions.ts';
import { createVisibility } from '../../../src/access/visibility.ts';
import { ConnectionError } from '../../../src/kube/errors.ts';

const ann = { name: 'ann', groups: [] };
const many = Array.from({ length: 50 }, (_, index) => `n${index}`);
const idle = () => new Promise(setImmediate);

interface World {
  /** Where the user may list; `undefined` stands for all namespaces. */
  allowed?: (string | undefined)[];
  /** By default any namespace. */
  candidates?: string[];
  /** Instead of an answer about this one. */
  failure?: { namespace: string; error: Error };
}

function createWorld({ allowed = [], candidates, failure }: World) {
  const asked: (string | undefined)[] = [];
  const listings: number[] = [];
  let open = 0;
  let most = 0;
  const visibleNamespaces = createVisibility({
    candidates: async () => candidates && new Set(candidates),
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
  it('asks once when the user may see all', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: [undefined], candidates: ['n1'] });
    expect(await visibleNamespaces(ann, many, many)).toEqual(many);
    expect(asked).toEqual([undefined]);
  });

  it('gives all of none to who may see all', async () => {
    expect(await createWorld({ allowed: [undefined] }).visibleNamespaces(ann, [], many)).toEqual([]);
  });

  it.each([
    ['some, in the order given', many, ['n40', 'n3', 'n17'], ['n3', 'n17', 'n40']],
    ['no right at all', many, [], undefined],
    ['a right in a namespace that is not there', many, ['elsewhere'], undefined],
    ['a right only in a namespace that holds nothing', many, ['empty'], []],
    ['a right in a namespace, while none holds anything', [], ['n1'], []],
    ['no right, while none holds anything', [], [], undefined],
  ])('%s', async (_, occupied, allowed, visible) => {
    const all = ['empty', ...many];
    expect(await createWorld({ allowed }).visibleNamespaces(ann, occupied, all)).toEqual(visible);
    const candidates = [...allowed, 'n5', 'nowhere'];
    expect(await createWorld({ allowed, candidates }).visibleNamespaces(ann, occupied, all)).toEqual(visible);
  });

  it('asks about candidates only', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: ['n3', 'n4'], candidates: ['n3', 'n7', 'empty'] });
    expect(await visibleNamespaces(ann, many, ['empty', ...many])).toEqual(['n3']);
    expect(asked).toEqual([undefined, 'n3', 'n7']);
  });

  it('shows no candidate that the cluster denies', async () => {
    const { visibleNamespaces } = createWorld({ candidates: many });
    expect(await visibleNamespaces(ann, many, many)).toBeUndefined();
  });

  it('does not ask about namespaces that hold nothing when another is visible', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: ['n0', 'empty'] });
    expect(await visibleNamespaces(ann, many, [...many, 'empty'])).toEqual(['n0']);
    expect(asked).not.toContain('empty');
  });

  it('stops to ask about those that hold nothing when one is allowed', async () => {
    const { asked, visibleNamespaces } = createWorld({ allowed: ['n0'] });
    expect(await visibleNamespaces(ann, [], many)).toEqual([]);
    expect(asked.length).toBeLessThan(20);
  });

  it('asks about each namespace once, several at the same time but not all, and counts the reviews', async () => {
    const { asked, listings, most, visibleNamespaces } = createWorld({ allowed: ['n0'] });
    await visibleNamespaces(ann, many, many);
    expect(asked).toEqual([undefined, ...many]);
    expect(most()).toBe(8);
    expect(listings).toEqual([51]);
  });

  it('fails when one question cannot be answered, rather than leave that namespace out, and asks no more', async () => {
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

  describe('that takes too long', () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it('fails, and asks no more', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const asked: unknown[] = [];
      const visibleNamespaces = createVisibility({
        candidates: async () => undefined,
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
