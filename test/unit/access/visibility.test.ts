import { describe, expect, it } from 'vitest';
import { visibleNamespaces } from '../../../src/access/visibility.ts';
import { ConnectionError } from '../../../src/kube/errors.ts';

const ann = { name: 'ann', groups: [] };
const many = Array.from({ length: 50 }, (_, index) => `n${index}`);

/** An authorizer that allows these; `undefined` stands for all namespaces. */
function createAuthorizer(...allowed: (string | undefined)[]) {
  const asked: (string | undefined)[] = [];
  let open = 0;
  let most = 0;
  return {
    asked,
    most: () => most,
    async mayListDeployments(_: unknown, namespace?: string) {
      asked.push(namespace);
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      return allowed.includes(namespace);
    },
  };
}

describe('visibleNamespaces', () => {
  it('asks once when the user may see all', async () => {
    const authorizer = createAuthorizer(undefined);
    expect(await visibleNamespaces(authorizer, ann, many, many)).toEqual(many);
    expect(authorizer.asked).toEqual([undefined]);
  });

  it('gives all of none to who may see all', async () => {
    expect(await visibleNamespaces(createAuthorizer(undefined), ann, [], many)).toEqual([]);
  });

  it.each([
    ['some, in the order given', many, ['n40', 'n3', 'n17'], ['n3', 'n17', 'n40']],
    ['no right at all', many, [], undefined],
    ['a right in a namespace that is not there', many, ['elsewhere'], undefined],
    ['a right only in a namespace that holds nothing', many, ['empty'], []],
    ['a right in a namespace, while none holds anything', [], ['n1'], []],
    ['no right, while none holds anything', [], [], undefined],
  ])('%s', async (_, candidates, allowed, visible) => {
    const all = ['empty', ...many];
    expect(await visibleNamespaces(createAuthorizer(...allowed), ann, candidates, all)).toEqual(visible);
  });

  it('does not ask about namespaces that hold nothing when another is visible', async () => {
    const authorizer = createAuthorizer('n0', 'empty');
    expect(await visibleNamespaces(authorizer, ann, many, [...many, 'empty'])).toEqual(['n0']);
    expect(authorizer.asked).not.toContain('empty');
  });

  it('asks about each namespace once, several at the same time but not all', async () => {
    const authorizer = createAuthorizer('n0');
    await visibleNamespaces(authorizer, ann, many, many);
    expect(authorizer.asked).toEqual([undefined, ...many]);
    expect(authorizer.most()).toBe(16);
  });

  it('fails when one question cannot be answered, rather than leave that namespace out', async () => {
    const failure = new ConnectionError('no answer');
    const authorizer = {
      async mayListDeployments(_: unknown, namespace?: string) {
        if (namespace === 'n30') throw failure;
        return namespace === 'n1';
      },
    };
    await expect(visibleNamespaces(authorizer, ann, many, many)).rejects.toBe(failure);
  });
});
