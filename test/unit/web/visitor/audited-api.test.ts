import { describe, expect, it } from 'vitest';
import type { FetchedAccessKey, KeyPairSpecs } from '../../../../src/accesskey/change/access-key-api.ts';
import type { Session } from '../../../../src/web/session/session.ts';
import { auditedKeyApi, signInMethodOf } from '../../../../src/web/visitor/audited-api.ts';
import type { KeyApi } from '../../../../src/web/visitor/key-api.ts';
import { accessKey } from '../../../support/builders.ts';

const fetched: FetchedAccessKey = { ...accessKey(), managedFields: [] };
const shared = { accessKey: 'shop/ann', user: 'ann' };

/** An audited API whose writes fail with the error, if one is given. */
function createAudited(error?: Error) {
  const records: unknown[] = [];
  const write = async () => {
    if (error) throw error;
    return 'uid';
  };
  const api = { create: write, replaceKeyPairs: write } as unknown as KeyApi;
  return { records, api: auditedKeyApi(api, (change) => records.push(change)) };
}

describe('an audited API', () => {
  it('records a change of the key pairs', async () => {
    const { records, api } = createAudited();
    const keyPairs: KeyPairSpecs = [{ name: 'main', enabled: false }, { name: 'ci' }];
    await api.replaceKeyPairs(fetched, keyPairs);
    expect(records).toEqual([
      { action: 'disabled', pairName: 'main', ...shared },
      { action: 'created', pairName: 'ci', ...shared },
    ]);
  });

  it('records a change of the audiences for each key pair, once', async () => {
    const { records, api } = createAudited();
    const two = { ...fetched, spec: { ...fetched.spec, keyPairs: [{ name: 'main' }, { name: 'ci' }] as KeyPairSpecs } };
    await api.replaceKeyPairs(two, [{ name: 'main', enabled: false }, { name: 'ci' }], { audiences: ['x'] });
    expect(records).toEqual([
      { action: 'disabled', pairName: 'main', ...shared },
      { action: 'edited', pairName: 'ci', ...shared },
    ]);
  });

  it('records the key pair of a new AccessKey', async () => {
    const { records, api } = createAudited();
    expect(await api.create('shop', 'ann', fetched.spec)).toBe('uid');
    expect(records).toEqual([{ action: 'created', pairName: 'main', ...shared }]);
  });

  it('records nothing if the change fails', async () => {
    const { records, api } = createAudited(new Error('rejected'));
    await expect(api.replaceKeyPairs(fetched, [])).rejects.toThrow('rejected');
    await expect(api.create('shop', 'ann', fetched.spec)).rejects.toThrow('rejected');
    expect(records).toEqual([]);
  });
});

it.each([
  ['key pair', { kind: 'pair' }],
  ['Kubernetes token', { kind: 'token' }],
  ['single sign-on', { kind: 'token', sso: { sub: 'ann', signedInAt: 0 } }],
  ['single sign-on', { kind: 'self-service' }],
  ['authenticating proxy', { kind: 'proxy' }],
])('the credential of a session is "%s"', (credential, session) => {
  expect(signInMethodOf(session as Session)).toBe(credential);
});
