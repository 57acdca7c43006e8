import { describe, expect, it } from 'vitest';
import type { AccessKeyRecord, KeyPairSpec } from '../../../../src/accesskey/model/access-key-record.ts';
import { applyToken, applyTokens } from '../../../../src/accesskey/reconcile/apply-token.ts';
import { nextStepAt } from '../../../../src/accesskey/reconcile/next-step.ts';
import { planToken, renewAtOf, type SecretTokens } from '../../../../src/accesskey/reconcile/plan-token.ts';
import { createSecretApi } from '../../../../src/accesskey/reconcile/secret-api.ts';
import { textAt, toSecretRecord } from '../../../../src/credential/secret-record.ts';
import { accessKey, at, keyPair, now, rawSecret, secret } from '../../../support/builders.ts';
import { outcomeOf } from './outcomes.ts';
import { createSecretsApi, rejected } from './secrets-api.ts';

const hour = 3_600_000;

/** Signs by counting: the n-th token is `token-n`. */
function createTokens(change: Partial<SecretTokens> = {}) {
  const requests: Parameters<SecretTokens['issue']>[0][] = [];
  const published = new Set(['kid-1']);
  const tokens: SecretTokens = {
    issuer: 'ghippo.io',
    isReady: () => true,
    isPublished: (kid) => published.has(kid),
    async issue(request) {
      requests.push(request);
      const expiresAt = Math.min(request.now + request.validForMs, request.expiresAt);
      const [kid = ''] = published;
      return { token: `token-${requests.length}`, kid, issuedAt: request.now, expiresAt };
    },
    ...change,
  };
  return { tokens, requests, published };
}

/** A Secret of the pair main and the API server that has it. */
function start(pair: Partial<KeyPairSpec> = { token: {} }, { immutable = false } = {}) {
  let subject = accessKey({ keyPairs: [{ name: 'main', ...pair }] });
  const api = createSecretsApi(rawSecret({ of: subject, ...(immutable && { immutable }) }));
  api.know(subject);
  const signer = createTokens();
  const raw = () => api.get('ann-main') as ReturnType<typeof rawSecret>;
  const run = (time = now, tokens = signer.tokens, held = new Map()) => {
    const [spec = { name: 'main' }] = subject.spec.keyPairs ?? [];
    const outcome = { pair: spec, secretName: 'ann-main', secret: toSecretRecord(raw()), change: 'none' as const };
    const scope = { api: createSecretApi(api.client), accessKey: subject, now: time };
    return applyToken(scope, outcome, { tokens, held });
  };
  return {
    ...signer,
    api,
    run,
    edit(spec: Partial<AccessKeyRecord['spec']>) {
      subject = { ...subject, generation: subject.generation + 1, spec: { ...subject.spec, ...spec } };
      api.know(subject);
    },
    editPair: (change: Partial<KeyPairSpec>) => {
      const [spec = { name: 'main' }] = subject.spec.keyPairs ?? [];
      subject = { ...subject, spec: { ...subject.spec, keyPairs: [{ ...spec, ...change }] } };
      api.know(subject);
    },
    /** The decoded value of a data key. */
    value: (key = 'token') => textAt(raw().data, key),
    keys: () => Object.keys(raw().data).sort(),
    raw,
    subject: () => subject,
  };
}

describe('the token in a Secret', () => {
  it('is stored as plain text under the data key, next to the pair', async () => {
    const secret = start();
    await secret.run();
    expect(secret.value()).toBe('token-1');
    expect(secret.keys()).toEqual(['ak', 'sk', 'token']);
    expect(secret.requests).toMatchObject([{ ak: keyPair().ak, validForMs: 24 * hour, audience: undefined }]);
    expect(secret.api.calls).toEqual(['confirm ann', 'patch ann-main']);
  });

  it('is not written again until it is due, also by another process', async () => {
    const secret = start();
    await secret.run();
    const writes = secret.api.writes().length;
    for (const hours of [0, 1, 9.5]) expect(await secret.run(now + hours * hour)).toBeUndefined();
    expect(await secret.run(now, createTokens().tokens)).toBeUndefined();
    expect(secret.api.writes()).toHaveLength(writes);
    await secret.run(now + 12 * hour);
    expect(secret.value()).toBe('token-2');
  });

  it('has the validity and audience of the spec', async () => {
    const secret = start({ token: { validFor: '1h', audience: 'prometheus' } });
    await secret.run();
    expect(secret.requests).toMatchObject([{ validForMs: hour, audience: 'prometheus' }]);
    await secret.run(now + hour / 2);
    expect(secret.value()).toBe('token-2');
  });

  it.each<[string, Partial<KeyPairSpec>]>([
    ['the pair is disabled', { enabled: false }],
    ['a rotation without an overlap has failed', { revision: 2 }],
    ['the pair has expired', { expiresAt: at(0) }],
    ['the pair expires within this second', { expiresAt: '2026-01-01T00:00:00.5Z' }],
    ['tokensNotBefore is in the future', { tokensNotBefore: at(60) }],
  ])('is removed with its annotation if %s', async (_, change) => {
    const secret = start();
    await secret.run();
    secret.editPair(change);
    await secret.run();
    expect(secret.keys()).toEqual(['ak', 'sk']);
    expect(secret.raw().metadata.annotations).not.toHaveProperty('ghippo.io/token');
    expect(await secret.run()).toBeUndefined();
  });

  it('is removed if the AccessKey is suspended, and if the spec no longer has it', async () => {
    for (const change of ['suspend', 'remove']) {
      const secret = start();
      await secret.run();
      secret.edit(change === 'suspend' ? { suspended: true } : { keyPairs: [{ name: 'main' }] });
      await secret.run();
      expect(secret.keys()).toEqual(['ak', 'sk']);
    }
  });

  it.each<[string, Partial<AccessKeyRecord['spec']>]>([
    ['the groups', { user: { name: 'ann', groups: ['dev'] } }],
    ['validFor', { keyPairs: [{ name: 'main', token: { validFor: '2h' } }] }],
    ['the audience', { keyPairs: [{ name: 'main', token: { audience: 'x' } }] }],
    ['expiresAt', { keyPairs: [{ name: 'main', token: {}, expiresAt: at(7200) }] }],
    ['tokensNotBefore', { keyPairs: [{ name: 'main', token: {}, tokensNotBefore: at(-1) }] }],
  ])('is renewed if the spec changes %s', async (_, change) => {
    const secret = start();
    await secret.run();
    secret.edit(change);
    await secret.run();
    expect(secret.value()).toBe('token-2');
    expect(await secret.run()).toBeUndefined();
  });

  it('is renewed if the pair was rotated or the issuer changed', async () => {
    const secret = start();
    await secret.run();
    const data = rawSecret({ keys: keyPair(2) }).data;
    secret.api.put({ ...secret.raw(), data: { ...secret.raw().data, ...data } });
    await secret.run();
    expect(secret.requests.map(({ ak }) => ak)).toEqual([keyPair().ak, keyPair(2).ak]);
    await secret.run(now, { ...secret.tokens, issuer: 'https://iam.example.org' });
    expect(secret.value()).toBe('token-3');
  });

  it('is renewed if the configured audience changed, but not if the spec has one', async () => {
    const secret = start();
    await secret.run();
    await secret.run(now, { ...secret.tokens, audience: 'https://shop.example.org' });
    expect(secret.value()).toBe('token-2');
    secret.editPair({ token: { audience: 'https://shop.example.org' } });
    expect(await secret.run(now, { ...secret.tokens, audience: 'https://new.example.org' })).toBeUndefined();
  });

  it('is renewed if its signing key was revoked, but not if the key was only rotated', async () => {
    const secret = start();
    await secret.run();
    secret.published.add('kid-2');
    expect(await secret.run()).toBeUndefined();
    secret.published.delete('kid-1');
    await secret.run();
    expect(secret.value()).toBe('token-2');
  });

  it('is renewed if something else changed or removed it, or its annotation', async () => {
    const secret = start();
    await secret.run();
    const other = Buffer.from('forged').toString('base64');
    secret.api.put({ ...secret.raw(), data: { ...secret.raw().data, token: other } as never });
    await secret.run();
    expect(secret.value()).toBe('token-2');
    secret.api.put({ ...secret.raw(), metadata: { ...secret.raw().metadata, annotations: {} } });
    await secret.run();
    expect(secret.value()).toBe('token-3');
  });

  it('is removed if the pair is disabled and the annotation is lost', async () => {
    const secret = start();
    await secret.run();
    secret.api.put({ ...secret.raw(), metadata: { ...secret.raw().metadata, annotations: {} } });
    secret.editPair({ enabled: false });
    await secret.run();
    expect(secret.keys()).toEqual(['ak', 'sk']);
    expect(await secret.run()).toBeUndefined();
  });

  it('moves to another data key', async () => {
    const secret = start();
    await secret.run();
    secret.editPair({ token: { key: 'bearer' } });
    await secret.run();
    expect(secret.keys()).toEqual(['ak', 'bearer', 'sk']);
  });

  it.each(['ak', 'sk', 'previous-ak', 'constructor', '__proto__'])(
    'never removes %s because of a forged annotation',
    async (key) => {
      const secret = start();
      const forged = JSON.stringify({ key, digest: 'x', kid: 'kid-1', inputs: 'x', issuedAt: 1, renewAt: 1 });
      const annotations = { ...secret.raw().metadata.annotations, 'ghippo.io/token': forged };
      secret.api.put({ ...secret.raw(), metadata: { ...secret.raw().metadata, annotations } });
      await secret.run();
      expect(secret.keys()).toEqual(['ak', 'sk', 'token']);
      expect(secret.value('ak')).toBe(keyPair().ak);
    },
  );

  it('stays while there are no signing keys, which is reported, but is removed if the pair is disabled', async () => {
    const secret = start();
    await secret.run();
    const { tokens } = createTokens({ isReady: () => false, isPublished: () => false });
    expect(await secret.run(now + 20 * hour, tokens)).toMatchObject({
      problem: {
        reason: 'SigningKeysMissing',
        message: 'there are no signing keys, so the token in Secret ann-main cannot be issued',
      },
    });
    expect(secret.value()).toBe('token-1');
    secret.editPair({ enabled: false });
    await secret.run(now, tokens);
    expect(secret.keys()).toEqual(['ak', 'sk']);
  });

  // Such a token is rejected until its iat, because clocks may differ by 30 seconds.
  it.each([31_000, hour, 100 * hour])('is renewed if the clock was %i ms ahead when it was issued', async (ms) => {
    const secret = start();
    await secret.run(now + ms);
    await secret.run();
    expect(secret.value()).toBe('token-2');
    expect(await secret.run()).toBeUndefined();
  });

  it('is kept if the clock was ahead by less than tokens allow', async () => {
    const secret = start();
    await secret.run(now + 30_000);
    expect(await secret.run()).toBeUndefined();
  });

  it('is not written while its fields are held', async () => {
    const secret = start();
    for (const field of ['metadata.annotations[ghippo.io/token]', 'data[token]']) {
      expect(await secret.run(now, secret.tokens, new Map([['ann-main', new Set([field])]]))).toBeUndefined();
    }
    expect(secret.api.writes()).toEqual([]);
  });

  it('is reported as a problem if the Secret is immutable', async () => {
    const secret = start({ token: {} }, { immutable: true });
    expect(await secret.run()).toMatchObject({
      problem: { reason: 'SecretFailed', stalled: true, message: expect.stringContaining('it is immutable') },
    });
    expect(secret.api.writes()).toEqual([]);
    expect(await start({}, { immutable: true }).run()).toBeUndefined();
  });

  it('is reported as a problem of the pair if the API server rejects it', async () => {
    const secret = start();
    secret.api.reject('patch ann-main', () => rejected(403, 'Forbidden'));
    expect(await secret.run()).toMatchObject({ problem: { reason: 'SecretFailed' }, secret: {} });
  });

  it('appears in no outcome, annotation or record', async () => {
    const secret = start();
    const outcome = await secret.run();
    expect(JSON.stringify(outcome)).not.toContain('token-1');
    expect(JSON.stringify(secret.raw().metadata)).not.toContain('token-1');
  });
});

describe('the renewal', () => {
  const subject = accessKey({ keyPairs: [{ name: 'main', token: {} }] });
  const request = {
    accessKey: subject,
    ak: keyPair().ak,
    validForMs: hour,
    audience: undefined,
    tokensNotBefore: 0,
    now,
  };
  const never = Number.POSITIVE_INFINITY;
  const signed = { token: 't', kid: 'k', issuedAt: now, expiresAt: now + hour };

  it('is spread between 40 % and 50 % of the validity', () => {
    const times = Array.from({ length: 1000 }, (_, n) =>
      renewAtOf(signed, { ...request, ak: keyPair(n).ak, expiresAt: never }),
    );
    const shares = times.map((time) => (time - now) / hour);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.4);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.5);
    expect(new Set(shares.map((share) => Math.floor(share * 1000))).size).toBeGreaterThan(90);
  });

  it('does not happen if the token already expires with the pair', () => {
    expect(renewAtOf(signed, { ...request, expiresAt: now + hour + 999 })).toBe(now + hour);
  });

  it('is the next step of the reconcile', () => {
    const note = JSON.stringify({
      key: 'token',
      digest: 'x',
      kid: 'k',
      inputs: 'x',
      issuedAt: now,
      renewAt: now + 5_000,
    });
    const held = secret({ of: subject });
    const withToken = { ...held, annotations: { ...held.annotations, 'ghippo.io/token': note } };
    const [pair = { name: 'main' }] = subject.spec.keyPairs ?? [];
    const outcome = outcomeOf([{ pair, secretName: held.name, secret: withToken, change: 'none' }]);
    expect(nextStepAt({ accessKey: subject, outcome, warningDays: [], now })).toBe(now + 5_000);
  });
});

it('planToken ignores an annotation that it did not write', () => {
  const subject = accessKey();
  const held = secret({ of: subject });
  for (const note of ['', '{', 'null', '[]', '{"key":1}', '{"key":"ak"}']) {
    const forged = { ...held, annotations: { ...held.annotations, 'ghippo.io/token': note } };
    const { tokens } = createTokens();
    expect(planToken({ accessKey: subject, pair: { name: 'main' }, secret: forged, tokens, now })).toEqual({
      kind: 'remove',
      formerKey: undefined,
    });
  }
});

it('removes the tokens of an AccessKey that does not hold its user, and keeps its pairs', async () => {
  const secret = start();
  await secret.run();
  const accessKey = secret.subject();
  const scope = {
    api: createSecretApi(secret.api.client),
    accessKey,
    progress: { changed: () => undefined, removed: () => undefined },
    mayOwn: () => true,
    now,
  };
  const secrets = [toSecretRecord(secret.raw())];
  const options = { userHolder: 'other/older', secrets, tokens: secret.tokens, held: new Map() };
  const { kept, ...rest } = await applyTokens(scope, outcomeOf([]), options);
  expect(rest).toEqual(outcomeOf([]));
  expect(kept).toMatchObject([{ secretName: 'ann-main', change: 'none' }]);
  expect(kept?.[0]?.problem).toBeUndefined();
  expect(secret.keys()).toEqual(['ak', 'sk']);
});
