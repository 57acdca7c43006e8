import { pino } from 'pino';
import type { Dispatcher } from 'undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRoleBindings } from '../../../src/access/role-bindings.ts';
import { KubernetesError } from '../../../src/kube/errors.ts';
import type { Transport } from '../../../src/kube/transport.ts';

/** A list of RoleBindings, and a watch without events. */
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
  const bindings = createRoleBindings(listing(items), pino({ level: 'silent' }), 300);
  expect(bindings.namespacesOf({ name, groups })).toBeUndefined();
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  void bindings.reflector.run(stop.signal);
  await bindings.reflector.synced;
  return [...(bindings.namespacesOf({ name, groups }) ?? [])].sort();
}

const binding = (namespace: string, ...subjects: (object | null)[]) => ({
  metadata: { namespace, name: crypto.randomUUID(), resourceVersion: '5' },
  subjects,
});
const subject = (kind: string, name: string, namespace?: string) => ({ kind, name, ...(namespace && { namespace }) });

describe('the namespaces with a RoleBinding for a user', () => {
  it.each([
    ['named as a User', 'ann', [], ['a', 'b']],
    ['named by a Group', 'zoe', ['ops', 'dev'], ['c']],
    ['named by both', 'ann', ['dev'], ['a', 'b', 'c']],
    ['named as a ServiceAccount', 'system:serviceaccount:home:robot', [], ['a', 'home']],
    ['without a RoleBinding', 'zoe', [], []],
    ['with the name of a Group', 'dev', [], []],
    ['with a group that has the name of a User', 'zoe', ['ann'], []],
    ['with the name of a ServiceAccount', 'robot', [], []],
    ['whose name differs in letter case', 'Ann', ['DEV'], []],
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

  it('include those of system:authenticated', async () => {
    expect(await namespacesOf('zoe', [], [binding('a', subject('Group', 'system:authenticated'))])).toEqual(['a']);
  });

  it.each([
    ['more than 1,000 subjects', Array.from({ length: 1_001 }, (_, n) => subject('User', `user-${n}`))],
    ['a name of more than 1,024 characters', [subject('Group', 'x'.repeat(1_025))]],
    ['a namespace of more than 1,024 characters', [subject('ServiceAccount', 'robot', 'x'.repeat(1_025))]],
  ])('include those of a RoleBinding with %s, which is not cached', async (_, subjects) => {
    expect(await namespacesOf('zoe', [], [binding('a', ...subjects), binding('b', subject('User', 'ann'))])).toEqual([
      'a',
    ]);
  });

  it('are known in the own cluster whatever the size of all RoleBindings', async () => {
    const sent = listing([binding('a', subject('User', 'ann'))]);
    const long = Buffer.alloc(15 * 1024 * 1024, ' ');
    let page = 0;
    const transport: Transport = {
      ...sent,
      async send(request) {
        if (request.path.includes('watch=1')) return sent.send(request);
        page += 1;
        const metadata = { resourceVersion: '9', ...(page < 19 && { continue: 'x' }) };
        const text = JSON.stringify({ metadata, items: [binding(`n${page}`, subject('User', 'ann'))] });
        return { statusCode: 200, body: [Buffer.from(text), long] } as unknown as Dispatcher.ResponseData;
      },
    };
    const bindings = createRoleBindings(transport, pino({ level: 'silent' }), 300);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    void bindings.reflector.run(stop.signal);
    await bindings.reflector.synced;
    expect(bindings.namespacesOf({ name: 'ann', groups: [] })?.size).toBe(19);
  });

  it('ignore RoleBindings without subjects and invalid subjects', async () => {
    const none = { metadata: { namespace: 'a', name: 'none', resourceVersion: '5' } };
    const odd = { ...none, metadata: { ...none.metadata, name: 'odd' }, subjects: 'ann' };
    expect(
      await namespacesOf(
        'ann',
        [],
        [none, odd, binding('b', {}, null, { name: { toString: 1 } }), binding('c', subject('User', 'ann'))],
      ),
    ).toEqual(['c']);
  });

  it('become unknown when no watch is open for longer than the limit, because a new RoleBinding would be missed', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { send, ...transport } = listing([binding('a', subject('User', 'ann'))]);
    let isForbidden = false;
    const failing: Transport = {
      ...transport,
      async send(request) {
        if (isForbidden) throw new KubernetesError('forbidden', { status: 403 });
        isForbidden = true;
        return send(request);
      },
    };
    const bindings = createRoleBindings(failing, pino({ level: 'silent' }), 300);
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    void bindings.reflector.run(stop.signal);
    await bindings.reflector.synced;
    await vi.advanceTimersByTimeAsync(299_000);
    expect(bindings.namespacesOf({ name: 'ann', groups: [] })).toEqual(new Set(['a']));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(bindings.namespacesOf({ name: 'ann', groups: [] })).toBeUndefined();
  });
});
