import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRoleBindings } from '../../../src/access/role-bindings.ts';
import type { Transport } from '../../../src/kube/transport.ts';

/** A list of RoleBindings, and a watch that tells nothing. */
function listing(items: object[]): Transport {
  return {
    server: 'https://127.0.0.1',
    async send({ path }) {
      if (path.includes('watch=1')) return new Promise(() => undefined);
      const text = JSON.stringify({ metadata: { resourceVersion: '9' }, items });
      return { statusCode: 200, body: new Blob([text]).stream() } as unknown as Dispatcher.ResponseData;
    },
    close: async () => undefined,
  };
}

async function namespacesOf(name: string, groups: string[], items: object[]): Promise<string[]> {
  const bindings = createRoleBindings(listing(items), pino({ level: 'silent' }));
  expect(bindings.namespacesOf({ name, groups })).toBeUndefined();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  void bindings.reflector.run(stop.signal);
  await bindings.reflector.synced;
  return [...(bindings.namespacesOf({ name, groups }) ?? [])].sort();
}

const binding = (namespace: string, ...subjects: object[]) => ({
  metadata: { namespace, name: crypto.randomUUID(), resourceVersion: '5' },
  subjects,
});
const subject = (kind: string, name: string, namespace?: string) => ({ kind, name, ...(namespace && { namespace }) });

describe('the namespaces of a user', () => {
  it.each([
    ['by name', 'ann', [], ['a', 'b']],
    ['by a group', 'zoe', ['ops', 'dev'], ['c']],
    ['by both', 'ann', ['dev'], ['a', 'b', 'c']],
    ['that is a ServiceAccount', 'system:serviceaccount:home:robot', [], ['a', 'home']],
    ['whom nothing names', 'zoe', [], []],
    ['who is called as a group', 'dev', [], []],
    ['whose group is called as a user', 'zoe', ['ann'], []],
    ['who is called as a ServiceAccount', 'robot', [], []],
    ['with another case', 'Ann', ['DEV'], []],
  ])('%s', async (_, name, groups, namespaces) => {
    const items = [
      binding('a', subject('User', 'ann'), subject('User', 'bob'), subject('ServiceAccount', 'robot', 'home')),
      binding('b', subject('User', 'ann'), subject('User', 'ann')),
      binding('b', subject('User', 'ann')),
      binding('c', subject('Group', 'dev')),
      binding('home', subject('ServiceAccount', 'robot')),
    ];
    expect(await namespacesOf(name, groups, items)).toEqual(namespaces);
  });

  it('are those of system:authenticated too', async () => {
    expect(await namespacesOf('zoe', [], [binding('a', subject('Group', 'system:authenticated'))])).toEqual(['a']);
  });

  it('are not disturbed by RoleBindings that name nobody, or what is no subject', async () => {
    const none = { metadata: { namespace: 'a', name: 'none', resourceVersion: '5' } };
    const odd = { ...none, metadata: { ...none.metadata, name: 'odd' }, subjects: 'ann' };
    expect(await namespacesOf('ann', [], [none, odd, binding('b', {}), binding('c', subject('User', 'ann'))])).toEqual([
      'c',
    ]);
  });
});
