/** How rejected writes are reported: with enough to act on, without a key, and with the same text each time. */
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { isSameStatus } from '../../../../src/accesskey/reconcile/status-writer.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { accessKey, keyPair, known, now, rawSecret, type SecretParts } from '../../../support/builders.ts';
import { reconcileOnce, withStatus } from './reconciles.ts';
import { createSecretsApi, rejected, type SecretsApi } from './secrets-api.ts';

const one = accessKey();
const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });

function answer(status: number, text: string): KubernetesError {
  return new KubernetesError(text, { status, reason: status === 500 ? 'InternalError' : 'Forbidden' });
}

/** The AccessKey after a reconcile in which the Secret could not be created. */
async function afterRejection(api: SecretsApi, subject: AccessKeyRecord, error: Error, time = now) {
  api.reject('create ann-main', error);
  return withStatus(subject, await reconcileOnce(api, subject, time), time);
}

function messageOf({ status }: AccessKeyRecord): string | undefined {
  return status.conditions?.find(({ type }) => type === 'Ready')?.message;
}

describe('a failure with a different text each time', () => {
  it.each([
    ['a webhook that is down', 500, 'failed calling webhook "x": request 17 at 12:00', 'request 18 at 12:01'],
    ['a quota', 403, 'exceeded quota: used 17', 'exceeded quota: used 18'],
  ])('does not change the status: %s', async (_, status, first, second) => {
    const api = createSecretsApi();
    const before = await afterRejection(api, one, answer(status, first));
    const after = await afterRejection(api, before, answer(status, second), now + 60_000);
    expect(before.status.conditions?.[0]).toMatchObject({ status: 'False', reason: 'SecretFailed' });
    expect(isSameStatus(after.status, before.status)).toBe(true);
  });

  it('is reported again if another failure follows', async () => {
    const api = createSecretsApi();
    const before = await afterRejection(api, one, answer(403, 'exceeded quota: used 17'));
    const after = await afterRejection(api, before, answer(403, 'denied by a policy'));
    expect(messageOf(after)).toBe('cannot read or write Secret ann-main: denied by a policy');
  });

  it('is reported with status and reason only for a server error', async () => {
    const after = await afterRejection(createSecretsApi(), one, answer(500, 'failed calling webhook "x"'));
    expect(messageOf(after)).toBe('cannot read or write Secret ann-main: 500 InternalError');
  });

  it.each([401, 429, 502, 503, 504])('is reported with its text if a webhook denied it with %d', async (status) => {
    const api = createSecretsApi();
    const denial = new KubernetesError('admission webhook "x" denied the request', { status, denied: true });
    const after = await afterRejection(api, both, denial);
    expect(messageOf(after)).toBe(`cannot read or write Secret ann-main: ${denial.message}`);
    expect(after.status.keyPairs).toMatchObject([{ state: 'Pending' }, { state: 'Active' }]);
  });

  it('is reported again after a change of the spec', async () => {
    const api = createSecretsApi();
    const before = await afterRejection(api, one, answer(403, 'exceeded quota'));
    const after = await afterRejection(api, { ...before, generation: 2 }, answer(403, 'denied by a policy'));
    expect(messageOf(after)).toBe('cannot read or write Secret ann-main: denied by a policy');
  });

  it('is reported again for another Secret', async () => {
    const api = createSecretsApi();
    const before = await afterRejection(api, both, answer(403, 'exceeded quota'));
    api.allow('create ann-main');
    api.reject('create ann-ci', answer(403, 'exceeded quota'));
    api.reject('patch ann-ci', answer(403, 'exceeded quota'));
    // The first reconcile created the pair ci; its Secret is invalid now.
    api.put(rawSecret({ of: both, pair: 'ci', data: { ak: 'x' } }));
    expect(messageOf(withStatus(before, await reconcileOnce(api, before)))).toBe(
      'cannot read or write Secret ann-ci: exceeded quota',
    );
  });
});

describe('an immutable Secret', () => {
  const raised = known({ keyPairs: [{ name: 'main', revision: 2 }] });
  it.each([
    ['with a due rotation', raised, {}],
    ['with an invalid pair', one, { data: { sk: 'x' } }],
    ['without annotations', one, { annotations: {} }],
  ])('%s is reported with what to do', async (_, subject, parts) => {
    for (const immutable of [true, false]) {
      const api = createSecretsApi(rawSecret({ ...parts, immutable }));
      api.reject('patch ann-main', rejected(422, 'Invalid'));
      const message = messageOf(withStatus(subject, await reconcileOnce(api, subject))) ?? '';
      const text = immutable
        ? '422 Invalid; it is immutable: delete it to get a new key pair'
        : 'rejected: 422 Invalid';
      expect(message).toBe(`cannot read or write Secret ann-main: ${text}`);
    }
  });
});

describe('a Secret that only a person can fix makes the AccessKey Stalled', () => {
  const types = async (parts: SecretParts, status: number) => {
    const api = createSecretsApi(rawSecret({ annotations: {}, ...parts }));
    api.reject('patch ann-main', rejected(status, ''));
    return withStatus(one, await reconcileOnce(api, one)).status.conditions?.map(({ type }) => type);
  };

  it('because it is immutable', async () => {
    expect(await types({ immutable: true }, 403)).toEqual(['Ready', 'Stalled']);
  });

  it.each([413, 422])('because its content is rejected with %s', async (status) => {
    expect(await types({}, status)).toEqual(['Ready', 'Stalled']);
  });

  it('but not because a policy denies it with 422, since the policy can be changed', async () => {
    const api = createSecretsApi(rawSecret({ annotations: {} }));
    api.reject('patch ann-main', new KubernetesError('denied', { status: 422, denied: true }));
    const { status } = withStatus(one, await reconcileOnce(api, one));
    expect(status.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Reconciling']);
  });

  it.each([403, 500])('but not because a write is rejected with %s', async (status) => {
    expect(await types({}, status)).toEqual(['Ready', 'Reconciling']);
  });
});

describe('a Secret that was not removed', () => {
  it('is reported before the problems of pairs that wait for it', async () => {
    const subject = known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret());
    api.reject('delete ann-main', rejected(403, 'Forbidden'));
    const after = withStatus(subject, await reconcileOnce(api, subject));
    expect(after.status.conditions?.[0]).toMatchObject({
      reason: 'SecretFailed',
      message: 'cannot delete Secret ann-main: rejected: 403 Forbidden',
    });
  });
});

describe('a Secret whose annotations do not point to its pair', () => {
  it.each([
    ['lost annotations', {}],
    ['forged annotations', { 'ghippo.io/ak-key': 'ak', 'ghippo.io/sk-key': 'sk' }],
  ])('does not expose its values while it cannot be fixed: %s', async (_, annotations) => {
    const subject = known({ keyPairs: [{ name: 'main', secret: { akKey: 'sk', skKey: 'ak' } }] });
    const api = createSecretsApi(rawSecret({ of: subject, annotations }));
    api.reject('patch ann-main', rejected(403, 'Forbidden'));
    const outcome = await reconcileOnce(api, subject);
    expect(outcome.pairs[0]).toMatchObject({ change: 'none', problem: { reason: 'SecretFailed' } });
    expect(outcome.pairs[0]).not.toHaveProperty('secret');
    const { status } = withStatus(subject, outcome);
    expect(JSON.stringify(status)).not.toContain(keyPair().sk);
    expect(status.keyPairs).toMatchObject([{ accessKey: keyPair().ak }]);
  });

  it('does not expose other values that the annotations point to', async () => {
    const annotations = { 'ghippo.io/ak-key': 'id', 'ghippo.io/sk-key': 'token' };
    const api = createSecretsApi(rawSecret({ annotations, data: { id: keyPair(8).ak, token: keyPair(8).sk } }));
    api.reject('patch ann-main', rejected(403, 'Forbidden'));
    const outcome = await reconcileOnce(api, known());
    expect(outcome.pairs[0]).not.toHaveProperty('secret');
  });
});
