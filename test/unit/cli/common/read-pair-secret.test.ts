import { describe, expect, it } from 'vitest';
import { readPairSecret } from '../../../../src/cli/common/read-pair-secret.ts';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { keyPair, known, rawSecret } from '../../../support/builders.ts';

const pair = { name: 'main', secret: { name: 'new-name', akKey: 'NEW_AK', skKey: 'NEW_SK' } };
const renamed = known({ keyPairs: [pair] }, { name: 'main', secretName: 'old-name' });

/** Reads from a cluster that returns this Secret for every name. */
function read(secret: object) {
  const client = { get: async () => secret } as unknown as KubernetesClient;
  return readPairSecret({ client }, renamed, pair, new AbortController().signal);
}

describe('readPairSecret', () => {
  it('reads the Secret and the data keys that the operator uses until it has moved the pair', async () => {
    expect(await read(rawSecret({ name: 'old-name' }))).toEqual({ secretName: 'old-name', keyPair: keyPair() });
  });

  it('returns no key pair if the Secret has no valid one', async () => {
    expect(await read({ data: {} })).toEqual({ secretName: 'old-name', keyPair: undefined });
  });
});
