import { describe, expect, it } from 'vitest';
import type { AccessKeyStatus } from '../../../../src/accesskey/model/types.generated.ts';
import { StaleCacheError } from '../../../../src/accesskey/reconcile/secret-errors.ts';
import { isSameStatus, writeStatus } from '../../../../src/accesskey/reconcile/status-writer.ts';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { accessKey, at, pairStatus } from '../../../support/builders.ts';
import { noAnswer, rejected } from './secrets-api.ts';

const one = accessKey();
const ready = { type: 'Ready', status: 'True' as const, lastTransitionTime: at(0), reason: 'R', message: 'm' };

/** Records each write, or rejects it. */
function createClient(rejection?: Error) {
  const requests: unknown[] = [];
  const patch = async (object: object, body: unknown) => {
    requests.push({ ...object, body });
    if (rejection) throw rejection;
  };
  return { client: { patch } as unknown as KubernetesClient, requests };
}

describe('writeStatus', () => {
  it('writes the whole status, with uid and resourceVersion', async () => {
    const { client, requests } = createClient();
    const status: AccessKeyStatus = {
      observedGeneration: 1,
      userID: one.uid,
      conditions: [ready],
      formerSecrets: [{ name: 'former', uid: 'uid-former' }],
      keyPairs: [pairStatus()],
      serviceAccounts: [{ name: 'ci', lastUsedTime: '2026-01-01T00:00:00Z' }],
    };
    await writeStatus(client, one, status);
    expect(requests).toEqual([
      {
        apiVersion: 'ghippo.io/v1alpha1',
        plural: 'accesskeys',
        namespace: 'shop',
        name: 'ann',
        subresource: 'status',
        body: { metadata: { uid: one.uid, resourceVersion: '10' }, status },
      },
    ]);
  });

  it('removes absent fields', async () => {
    const { client, requests } = createClient();
    await writeStatus(client, one, { observedGeneration: 1, conditions: [ready] });
    const absent = { userID: null, formerSecrets: null, keyPairs: null, serviceAccounts: null };
    expect(requests).toMatchObject([{ body: { status: absent } }]);
  });

  it('removes the next expiry and the last use of the summary if there is none', async () => {
    const { client, requests } = createClient();
    const summary = { usable: '1/1', names: 'main', accessKeys: 'a' };
    await writeStatus(client, one, { observedGeneration: 1, conditions: [ready], summary });
    expect(requests).toMatchObject([
      { body: { status: { summary: { ...summary, nextExpiry: null, lastUsedTime: null } } } },
    ]);
  });

  it.each([404, 409])('throws StaleCacheError if the response is %d', async (status) => {
    const { client } = createClient(rejected(status, 'X'));
    await expect(writeStatus(client, one, {})).rejects.toBeInstanceOf(StaleCacheError);
  });

  it.each([rejected(403, 'Forbidden'), rejected(422, 'Invalid'), noAnswer])(
    'throws other errors: %s',
    async (error) => {
      await expect(writeStatus(createClient(error).client, one, {})).rejects.toBe(error);
    },
  );
});

describe('isSameStatus', () => {
  it.each([
    [
      'equal statuses',
      { observedGeneration: 1, conditions: [ready] },
      { conditions: [ready], observedGeneration: 1 },
      true,
    ],
    ['another generation', { observedGeneration: 1 }, { observedGeneration: 2 }, false],
    ['one more member', { observedGeneration: 1 }, { observedGeneration: 1, userID: 'u' }, false],
    [
      'another order of pairs',
      { keyPairs: [pairStatus(), pairStatus({ name: 'ci' })] },
      { keyPairs: [pairStatus({ name: 'ci' }), pairStatus()] },
      false,
    ],
  ])('%s', (_, a, b, same) => {
    expect(isSameStatus(a, b)).toBe(same);
  });
});
