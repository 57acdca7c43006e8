import { SignJWT } from 'jose';
import { pino } from 'pino';
import { beforeAll, describe, expect, test } from 'vitest';
import { lastChange } from '../../../../src/accesskey/change/last-change.ts';
import type { AccessKeyRecord } from '../../../../src/accesskey/model/access-key-record.ts';
import type { KubernetesClient } from '../../../../src/kube/client.ts';
import { KubernetesError } from '../../../../src/kube/errors.ts';
import { ConsoleError } from '../../../../src/web/common/console-error.ts';
import type { Session } from '../../../../src/web/session/session.ts';
import type { KeyApi } from '../../../../src/web/visitor/key-api.ts';
import {
  createSelfService,
  type SelfServiceAccess,
  type SelfServiceSettings,
} from '../../../../src/web/visitor/self-service.ts';
import { accessKey, caches, now } from '../../../support/builders.ts';

const issuer = 'https://login.example.org';
const namespace = 'self-service';
const ann = { issuer, subject: 'sub-of-ann' };
const settings: SelfServiceSettings = {
  ...{ issuer, usernameClaim: 'name', usernamePrefix: '-', groupsClaim: 'groups' },
  ...{ accessMode: 'self-service', selfService: { namespace } },
};

type Claims = Record<string, unknown>;
let tokens: (claims: Claims) => Promise<string>;
beforeAll(() => {
  const key = new Uint8Array(32);
  tokens = (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(key);
});

const own = (parts: Parameters<typeof accessKey>[0] = {}): AccessKeyRecord => ({
  ...accessKey({ namespace, groups: ['dev', 'ops'], ...parts }),
  selfService: ann,
});

interface Setup {
  accessKeys?: AccessKeyRecord[];
  claims?: Claims;
  options?: Partial<SelfServiceSettings>;
  /** Number of patches that fail with a conflict. */
  conflicts?: number;
}

/** Resolves the session of a person on a fake API server that records all writes. */
async function visit({ accessKeys = [], claims = {}, options = {}, conflicts = 0 }: Setup = {}) {
  const writes: unknown[] = [];
  let failures = conflicts;
  const find = (name: string) => accessKeys.find((one) => one.name === name);
  const api: KeyApi = {
    async read(_, name) {
      const found = find(name);
      if (!found) throw new KubernetesError('not found', { status: 404 });
      return { ...found, managedFields: [] };
    },
    async create(...of) {
      writes.push(['create', ...of]);
      const [to, name, spec] = of;
      accessKeys.push({ ...own({ namespace: to, name, uid: 'created' }), spec });
      return 'created';
    },
    replaceKeyPairs: async (_, pairs) => void writes.push(['replace', pairs]),
    readPair: async () => undefined,
    may: async () => true,
  };
  const client = {
    async patch(object: { name: string }, patch: unknown) {
      if (failures-- > 0) throw new KubernetesError('conflict', { status: 409 });
      writes.push(['patch', object.name, patch]);
      return {};
    },
  } as unknown as KubernetesClient;
  const resolve = createSelfService({
    caches: caches({ accessKeys: [...accessKeys] }),
    ...{ api, client, singleSignOn: { options: { ...settings, ...options } } },
    ...{ log: pino({ level: 'silent' }), now: () => now },
  });
  const token = await tokens({ iss: issuer, sub: ann.subject, name: 'ann', groups: ['dev', 'ops'], ...claims });
  const sso = { sub: String(claims.sub ?? ann.subject), signedInAt: now };
  const session: Session & { kind: 'self-service' } = {
    id: 'a',
    expiresAt: now + 1e6,
    kind: 'self-service',
    token,
    sso,
  };
  return { visitor: () => resolve(session), writes };
}

async function visitorIn(setup: Setup): Promise<SelfServiceAccess> {
  const visitor = await (await visit(setup)).visitor();
  if (!visitor) throw new Error('no visitor');
  return visitor;
}

const changedBy = (change: string) => lastChange({ actor: 'ann', signedInWith: 'single sign-on' }, [change], now);

const refusal = (key: string) => expect.objectContaining({ name: 'ConsoleError', key });

describe('a person without an AccessKey', () => {
  test('may create only their own, in the namespace of self-service', async () => {
    const visitor = await visitorIn({});
    expect(visitor.accessKey).toBeUndefined();
    expect(visitor.user).toEqual({ name: 'ann', groups: ['dev', 'ops'] });
    expect(visitor.may).toEqual({
      create: true,
      manage: true,
      namespace,
      name: expect.stringMatching(/^ann-[0-9a-f]{10}$/),
    });
  });

  test('creates it with the annotations of the person, and can read it then', async () => {
    const { visitor, writes } = await visit();
    const { api, may } = (await visitor()) as SelfServiceAccess;
    const spec = { user: { name: 'ann', groups: ['dev'] }, keyPairs: [{ name: 'main' }] } as AccessKeyRecord['spec'];
    await api.create(namespace, may.name ?? '', spec);
    const annotations = {
      ...{ 'ghippo.io/sso-issuer': issuer, 'ghippo.io/sso-subject': 'sub-of-ann' },
      ...changedBy('created'),
    };
    expect(writes).toEqual([['create', namespace, may.name, spec, annotations]]);
    expect((await api.read(namespace, may.name ?? '')).name).toBe(may.name);
    await expect(api.create(namespace, 'second', spec)).rejects.toEqual(refusal('rejectedNotOwn'));
  });

  test.each([
    ['another namespace', 'kube-system', { name: 'ann' }],
    ['another user', namespace, { name: 'bob' }],
    ['a group that they are not in', namespace, { name: 'ann', groups: ['dev', 'admins'] }],
  ])('cannot create one with %s', async (_, to, user) => {
    const { visitor, writes } = await visit();
    const { api } = (await visitor()) as SelfServiceAccess;
    await expect(api.create(to, 'a', { user } as AccessKeyRecord['spec'])).rejects.toEqual(refusal('rejectedNotOwn'));
    expect(writes).toEqual([]);
  });

  test('has another name for the AccessKey than a person with the same user name', async () => {
    const names = await Promise.all(
      [{}, { sub: 'another' }].map(async (claims) => (await visitorIn({ claims })).may.name),
    );
    expect(new Set(names).size).toBe(2);
  });
});

describe('a person with an AccessKey', () => {
  test('manages it', async () => {
    const { visitor, writes } = await visit({ accessKeys: [own()] });
    const { api, accessKey: found, may } = (await visitor()) as SelfServiceAccess;
    expect(found).toMatchObject({ namespace, name: 'ann' });
    expect(may).toMatchObject({ create: false, manage: true });
    await api.replaceKeyPairs(await api.read(namespace, 'ann'), []);
    expect(writes).toEqual([['replace', []]]);
  });

  test.each([
    ['read another one', (api: KeyApi) => api.read(namespace, 'bob')],
    ['read one of another namespace', (api: KeyApi) => api.read('shop', 'ann')],
    ['read a Secret of another namespace', (api: KeyApi) => api.readPair('shop', 'ann-main', { ak: 'ak', sk: 'sk' })],
    ['change another one', (api: KeyApi) => api.replaceKeyPairs({ ...own({ name: 'bob' }), managedFields: [] }, [])],
  ])('cannot %s', async (_, attempt) => {
    const { api } = await visitorIn({ accessKeys: [own(), own({ name: 'bob', user: 'bob' })] });
    await expect(attempt(api)).rejects.toBeInstanceOf(ConsoleError);
  });

  test('has only the groups of the AccessKey that they are still in', async () => {
    const { user } = await visitorIn({ accessKeys: [own({ groups: ['dev'] })], claims: { groups: ['dev', 'new'] } });
    expect(user.groups).toEqual(['dev']);
  });

  test('loses groups of the AccessKey that they have lost at the provider', async () => {
    const { visitor, writes } = await visit({ accessKeys: [own()], claims: { groups: ['ops', 'new'] }, conflicts: 1 });
    expect((await visitor())?.user.groups).toEqual(['ops']);
    const { uid, resourceVersion } = own();
    const annotations = changedBy('removed groups');
    expect(writes).toEqual([
      ['patch', 'ann', { metadata: { uid, resourceVersion, annotations }, spec: { user: { groups: ['ops'] } } }],
    ]);
  });

  test('loses groups of Kubernetes and all groups if the provider sends none', async () => {
    const accessKeys = [own({ groups: ['system:masters', 'dev'] })];
    const { visitor, writes } = await visit({ accessKeys, claims: { groups: ['system:masters'] } });
    await visitor();
    expect(writes).toMatchObject([['patch', 'ann', { spec: { user: { groups: [] } } }]]);
  });

  test('has no session while lost groups cannot be removed', async () => {
    const { visitor } = await visit({ accessKeys: [own()], claims: { groups: [] }, conflicts: 99 });
    await expect(visitor()).rejects.toBeInstanceOf(KubernetesError);
  });
});

describe('a user is refused', () => {
  const foreign = refusal('ssoForeignAccessKey');
  test.each<[string, AccessKeyRecord, Claims]>([
    ['that an AccessKey of another namespace holds', { ...accessKey(), selfService: ann }, {}],
    ['whose AccessKey was not created by self-service', accessKey({ namespace }), {}],
    ['whose AccessKey belongs to a person of the same name', own(), { sub: 'new-sub-of-ann' }],
    [
      'whose AccessKey belongs to a person of another issuer',
      { ...own(), selfService: { ...ann, issuer: 'https://b' } },
      {},
    ],
  ])('%s', async (_, one, claims) => {
    const { visitor, writes } = await visit({ accessKeys: [one], claims });
    await expect(visitor()).rejects.toEqual(foreign);
    expect(writes).toEqual([]);
  });

  test.each<[string, Claims, string]>([
    ['without a name', { name: undefined }, 'ssoNoName'],
    ['of Kubernetes', { name: 'system:admin' }, 'ssoInvalidName'],
    ['that is a ServiceAccount', { name: 'system:serviceaccount:a:b' }, 'ssoInvalidName'],
    ['with invisible characters', { name: 'an\u200bn' }, 'ssoInvalidName'],
    ['with groups of another type', { groups: 7 }, 'ssoInvalidGroups'],
  ])('%s', async (_, claims, key) => {
    await expect((await visit({ claims })).visitor()).rejects.toEqual(refusal(key));
  });

  test('with an unverified email address', async () => {
    const setup = { claims: { email: 'a@b.org', email_verified: false }, options: { usernameClaim: 'email' } };
    await expect((await visit(setup)).visitor()).rejects.toEqual(refusal('ssoUnverifiedEmail'));
  });
});

test('a session of self-service has ended if the mode was changed', async () => {
  const { visitor } = await visit({ options: { accessMode: 'token', selfService: undefined } });
  expect(await visitor()).toBeUndefined();
});

test('a session of self-service has ended if the issuer was changed, which may give the same sub to another person', async () => {
  const { visitor } = await visit({ options: { issuer: 'https://other.example.org' } });
  expect(await visitor()).toBeUndefined();
});
