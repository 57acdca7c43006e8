import { describe, expect, it } from 'vitest';
import { listDeployments, namespacesOf } from '../../../src/deployments/listing.ts';
import { keys, record, storeOf } from './support.ts';

const store = storeOf(['b/y', 'a/x', 'c/x'].map((key) => record(key)));
const query = { page: 1, pageSize: 10, by: 'namespace', descending: false } as const;

describe('listDeployments', () => {
  it('includes all namespaces, or only those of the source', () => {
    expect(keys(listDeployments([{ store, namespaces: 'all' }], query).items)).toEqual(['a/x', 'b/y', 'c/x']);
    expect(keys(listDeployments([{ store, namespaces: ['c', 'a'] }], query).items)).toEqual(['a/x', 'c/x']);
    expect(keys(listDeployments([{ store, namespaces: [] }], query).items)).toEqual([]);
  });
});

describe('namespacesOf', () => {
  it('returns the non-empty namespaces for all, otherwise those of the source', () => {
    expect(namespacesOf({ store, namespaces: 'all' })).toEqual(['a', 'b', 'c']);
    expect(namespacesOf({ store, namespaces: ['d'] })).toEqual(['d']);
  });
});
