/** What is told of writes that the API server refuses: enough to act on, no key, and not something else each time. */
import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import { isSameStatus } from '../../../../src/accesskey/reconcile/status-writer.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { accessKey, keyPair, known, now, rawSecret } from '../../../support/builders.ts';
import { pass, withStatus } from './passes.ts';
import { createSecretsApi, refused, type SecretsApi } from './secrets-api.ts';

const one = accessKey();
const both = accessKey({ keyPairs: [{ name: 'main' }, { name: 'ci' }] });

function answer(status: number, text: string): KubernetesError {
  return new KubernetesError(status, status === 500 ? 'InternalError' : 'Forbidden', text, 0);
}

/** The AccessKey after a pass in which the Secret could not be made. */
async function afterRefusal(api: SecretsApi, subject: AccessKeyRecord, error: Error, time = now) {
  api.refuse('create ann-main', error);
  return withStatus(subject, await pass(api, subject, time), time);
}

function messageOf({ status }: AccessKeyRecord): string | undefined {
  return status.conditions?.find(({ type }) => type === 'Ready')?.message;
}

describe('a failure that is told in other words each time', () => {
  it.each([
    ['a webhook that is down', 500, 'failed calling webhook "x": request 17 at 12:00', 'request 18 at 12:01'],
    ['a quota', 403, 'exceeded quota: used 17', 'exceeded quota: used 18'],
  ])('leaves the status as it is: %s', async (_, status, first, second) => {
    const api = createSecretsApi();
    const before = await afterRefusal(api, one, answer(status, first));
    const after = await afterRefusal(api, before, answer(status, second), now + 60_000);
    expect(before.status.conditions?.[0]).toMatchObject({ status: 'False', reason: 'SecretFailed' });
    expect(isSameStatus(after.status, before.status)).toBe(true);
  });

  it('is told by status and reason only, when the server itself failed', async () => {
    const after = await afterRefusal(createSecretsApi(), one, answer(500, 'failed calling webhook "x"'));
    expect(messageOf(after)).toBe('Secret ann-main could not be written: 500 InternalError');
  });

  it('is told anew when the spec has changed', async () => {
    const api = createSecretsApi();
    const before = await afterRefusal(api, one, answer(403, 'exceeded quota'));
    const after = await afterRefusal(api, { ...before, generation: 2 }, answer(403, 'denied by a policy'));
    expect(messageOf(after)).toBe('Secret ann-main could not be written: denied by a policy');
  });

  it('is told anew when it is about another Secret', async () => {
    const api = createSecretsApi();
    const before = await afterRefusal(api, both, answer(403, 'exceeded quota'));
    api.allow('create ann-main');
    api.refuse('create ann-ci', answer(403, 'exceeded quota'));
    api.refuse('patch ann-ci', answer(403, 'exceeded quota'));
    // The pair ci was made in the first pass; its Secret is malformed by now.
    api.put(rawSecret({ of: both, pair: 'ci', data: { ak: 'x' } }));
    expect(messageOf(withStatus(before, await pass(api, before)))).toBe(
      'Secret ann-ci could not be written: exceeded quota',
    );
  });
});

describe('an immutable Secret', () => {
  const raised = known({ keyPairs: [{ name: 'main', revision: 2 }] });
  it.each([
    ['that is to be rotated', raised, {}],
    ['that is malformed', one, { data: { sk: 'x' } }],
    ['whose labels are lost', one, { annotations: {} }],
  ])('%s: the message says what to do', async (_, subject, parts) => {
    for (const immutable of [true, false]) {
      const api = createSecretsApi(rawSecret({ ...parts, immutable }));
      api.refuse('patch ann-main', refused(422, 'Invalid'));
      const message = messageOf(withStatus(subject, await pass(api, subject))) ?? '';
      expect(message).toMatch(/^Secret ann-main could not be written: .*422 Invalid/);
      expect(message.endsWith('it is immutable: delete it to get a new key pair')).toBe(immutable);
    }
  });
});

describe('a Secret that was not removed', () => {
  it('is told before the problems of pairs that wait for it', async () => {
    const subject = known({ keyPairs: [{ name: 'next', secret: { name: 'ann-main' } }] });
    const api = createSecretsApi(rawSecret());
    api.refuse('delete ann-main', refused(403, 'Forbidden'));
    const after = withStatus(subject, await pass(api, subject));
    expect(after.status.conditions?.[0]).toMatchObject({
      reason: 'SecretFailed',
      message: 'Secret ann-main could not be deleted: 403 Forbidden',
    });
  });
});

describe('a Secret that cannot be read as the operator wrote it', () => {
  it.each([
    ['its notes are lost', {}],
    ['its notes are forged', { 'ghippo.io/ak-key': 'ak', 'ghippo.io/sk-key': 'sk' }],
  ])('shows nothing of what it seems to hold while it cannot be mended: %s', async (_, annotations) => {
    const subject = known({ keyPairs: [{ name: 'main', secret: { akKey: 'sk', skKey: 'ak' } }] });
    const api = createSecretsApi(rawSecret({ of: subject, annotations }));
    api.refuse('patch ann-main', refused(403, 'Forbidden'));
    const outcome = await pass(api, subject);
    expect(outcome.pairs[0]).toMatchObject({ change: 'none', problem: { reason: 'SecretFailed' } });
    expect(outcome.pairs[0]).not.toHaveProperty('secret');
    const { status } = withStatus(subject, outcome);
    expect(JSON.stringify(status)).not.toContain(keyPair().sk);
    expect(status.keyPairs).toMatchObject([{ accessKey: keyPair().ak }]);
  });

  it('shows nothing of other values of its data that notes lead to', async () => {
    const annotations = { 'ghippo.io/ak-key': 'id', 'ghippo.io/sk-key': 'token' };
    const api = createSecretsApi(rawSecret({ annotations, data: { id: keyPair(8).ak, token: keyPair(8).sk } }));
    api.refuse('patch ann-main', refused(403, 'Forbidden'));
    const outcome = await pass(api, known());
    expect(outcome.pairs[0]).not.toHaveProperty('secret');
  });
});
