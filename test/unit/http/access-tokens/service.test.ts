/** Access tokens while the cluster, the controller or the process fails. */
import { describe, expect, it } from 'vitest';
import { createPairLookup } from '../../../../src/accesskey/live/pair-lookup.ts';
import { createAccessTokenService } from '../../../../src/http/access-tokens/service.ts';
import type { Dependencies } from '../../../../src/http/common/dependencies.ts';
import type { Environment } from '../../../../src/http/common/environment.ts';
import { ConnectionError, errorFromResponse, KubernetesError } from '../../../../src/kube/errors.ts';
import { keyPair } from '../../../support/builders.ts';
import { ann, createTokens, createUsers } from './support.ts';

const path = '/current-user/accesstoken';
const name = { name: 'ci' };
const pairNames = ({ content }: Pick<Awaited<ReturnType<typeof createUsers>>, 'content'>) =>
  content.accessKeys.get('shop/ann')?.spec.keyPairs?.map((one) => one.name);
const denial = errorFromResponse('PATCH /apis/secret-path', {
  status: 422,
  body: JSON.stringify({
    message:
      "accesskeys.ghippo.io \"ann\" is forbidden: ValidatingAdmissionPolicy 'g' with binding 'g' denied request: " +
      'spec.keyPairs[0]: must have expiresAt (guardrail x)',
  }),
});
const status = (code: number) => new KubernetesError(`PATCH /apis/secret-path: ${code}`, { status: code });

describe('a change', () => {
  it('is tried again if the AccessKey has changed meanwhile', async () => {
    const onWrite = (attempt: number) => {
      if (attempt < 5) throw status(409);
    };
    const { send, attempts } = await createTokens({ onWrite });
    expect([(await send('POST', path, name)).status, attempts()]).toEqual([200, 5]);
  });

  it.each([
    [409, status(409), 409, 'the AccessKey is being changed by others, try again'],
    [403, status(403), 403, 'the cluster rejects the change of the AccessKey'],
    [422, status(422), 403, 'the cluster rejects the change of the AccessKey'],
    [
      'a denial',
      denial,
      403,
      'the cluster rejects the change of the AccessKey: spec.keyPairs[0]: must have expiresAt (guardrail x)',
    ],
    [404, status(404), 404, 'user not found'],
    [500, status(500), 503, 'the cluster is unavailable, try again later'],
    ['nothing', new ConnectionError('no response'), 503, 'the cluster is unavailable, try again later'],
  ])('that the API server answers with %s has a clear error', async (_, error, expected, message) => {
    const onWrite = () => {
      throw error;
    };
    const system = await createTokens({ onWrite });
    const answer = await system.send('POST', path, name);
    expect([answer.status, answer.json().message]).toEqual([expected, message]);
    expect([pairNames(system), system.log().includes('key.created')]).toEqual([['main'], false]);
  });

  it('is rejected if the AccessKey was recreated', async () => {
    const { send, attempts } = await createTokens({ fetched: { uid: 'another' } });
    expect([(await send('POST', path, name)).status, attempts()]).toEqual([404, 0]);
  });
});

/** A service that waits only for a millisecond, in a cluster whose controller does nothing. */
async function createImpatient(onWrite?: (attempt: number) => void) {
  const users = createUsers({ hasController: false, ...(onWrite && { onWrite }) });
  const fields: Record<string, unknown> = {};
  const records: Record<string, unknown>[] = [];
  const issued: unknown[] = [];
  const dependencies = {
    pairs: createPairLookup(users.content),
    users: { byId: () => ann },
    keyPairs: { caches: users.content, api: users.api },
    signingKeys: () => ({}),
    token: { issuer: 'ghippo.io', defaultCycle: 3, maxCycle: 30 },
    log: { info: (record: Record<string, unknown>) => records.push(record) },
    now: () => 0,
  } as unknown as Dependencies;
  const issueFor = async (pair: unknown) => issued.push(pair);
  const service = createAccessTokenService(dependencies, { issueFor } as never, 1);
  const context = { get: (field: keyof Environment['Variables']) => (field === 'logFields' ? fields : field) } as never;
  const caller = { id: ann.uid, name: 'ann', groups: [], pairName: 'main', clientId: keyPair().ak };
  const change = { context, caller: { ...caller, issuedAt: 0, expiresAt: 1 }, target: ann };
  return { ...users, service, change, issued, events: () => records.map(({ event }) => event) };
}

describe('a creation that the controller does not complete in time', () => {
  it('removes the key pair again and issues no token', async () => {
    const system = await createImpatient();
    await expect(system.service.create(system.change, name)).rejects.toMatchObject({ status: 503 });
    expect([pairNames(system), system.issued]).toEqual([['main'], []]);
    expect(system.events()).toEqual(['key.created', 'key.deleted']);
  });

  it('leaves a key pair that can be deleted if the cluster fails as well', async () => {
    let isAvailable = true;
    const system = await createImpatient((attempt) => {
      if (attempt > 1 && !isAvailable) throw new ConnectionError('no response');
      isAvailable = false;
    });
    await expect(system.service.create(system.change, name)).rejects.toMatchObject({ status: 503 });
    expect([pairNames(system), system.issued]).toEqual([['main', 'ci'], []]);
    isAvailable = true;
    await system.service.remove(system.change, 'ci');
    expect(pairNames(system)).toEqual(['main']);
  });
});
