import { describe, expect, it } from 'vitest';
import { holderOf, isStopped, toNamespaceRecord } from '../../../src/accesskey/caches.ts';
import { accessKey, at, caches, namespace } from '../../support/builders.ts';

describe('toNamespaceRecord', () => {
  it.each([
    [undefined, false],
    ['2026-01-01T00:00:00Z', true],
  ])('deletionTimestamp %s: terminating %s', (deletionTimestamp, terminating) => {
    const metadata = { name: 'shop', resourceVersion: '7', ...(deletionTimestamp && { deletionTimestamp }) };
    expect(toNamespaceRecord({ metadata })).toEqual({ key: 'shop', resourceVersion: '7', terminating });
  });
});

describe('isStopped', () => {
  it.each([
    ['nothing ends', false, namespace('shop'), false],
    ['the namespace is not known', false, namespace('other', true), false],
    ['it is marked for deletion', true, namespace('shop'), true],
    ['its namespace terminates', false, namespace('shop', true), true],
  ])('%s', (_, deleting, space, stopped) => {
    const one = accessKey({ deleting });
    expect(isStopped(caches({ accessKeys: [one], namespaces: [space] }), one)).toBe(stopped);
  });
});

describe('holderOf', () => {
  const old = accessKey({ namespace: 'a', name: 'old', user: 'ann', creationTimestamp: at(-100) });
  const young = accessKey({ namespace: 'b', name: 'young', user: 'ann', creationTimestamp: at(-50) });
  const other = accessKey({ namespace: 'a', name: 'bob', user: 'bob', creationTimestamp: at(-200) });

  it('looks only at those that name the user', () => {
    const all = caches({ accessKeys: [young, other, old] });
    expect(holderOf(all, 'ann')).toBe(old);
    expect(holderOf(all, 'bob')).toBe(other);
    expect(holderOf(all, 'eve')).toBeUndefined();
  });

  it('passes over one whose namespace terminates', () => {
    const all = caches({ accessKeys: [young, old], namespaces: [namespace('a', true), namespace('b')] });
    expect(holderOf(all, 'ann')).toBe(young);
  });
});
