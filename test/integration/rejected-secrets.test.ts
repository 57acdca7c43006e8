/** Writes to Secrets that a real API server rejects: their text in the condition, and which ones only a person can fix. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kubectl } from '../../tools/kubectl.ts';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { poll } from '../../tools/poll.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  type AccessKeyObject,
  accessKeyManifest,
  conditionOf,
  createNamespace,
  createPair,
  getToken,
  readPair,
  tokenUrl,
} from '../support/platform.ts';
import { reconcileAgain } from '../support/reconciliation.ts';

let cluster: TestCluster;
let kubectl: Kubectl;
let operator: OperatorProcess;

beforeAll(async () => {
  cluster = await startTestCluster();
  kubectl = cluster.kubectl;
  operator = await cluster.startOperator();
});
afterAll(() => cluster?.stop());

const admission = 'admissionregistration.k8s.io/v1';
const secrets = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['secrets'] };
const within = (namespace: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': namespace } });

/** Whether the API server would carry out a request of kubectl. */
function isPermitted(...request: string[]): Promise<boolean> {
  return kubectl.run([...request, '--dry-run=server']).then(
    () => true,
    () => false,
  );
}

/** Waits until the API server rejects other Secrets too, which takes some time. */
async function untilRejected(namespace: string, ...options: string[]): Promise<void> {
  const probe = ['create', 'secret', 'generic', 'probe', '-n', namespace, ...options];
  await poll('the rejection', async () => !(await isPermitted(...probe)));
}

/** Applies an admission policy for requests about Secrets of a namespace. */
async function applyPolicy(
  name: string,
  namespace: string,
  { resource, validation }: { resource: typeof secrets; validation: { expression: string; message?: string } },
): Promise<void> {
  const metadata = { name };
  const matchConstraints = { resourceRules: [resource] };
  await kubectl.apply({
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: { matchConstraints, validations: [validation] },
  });
  const matchResources = { namespaceSelector: within(namespace) };
  await kubectl.apply({
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: name, validationActions: ['Deny'], matchResources },
  });
}

/** Denies each Secret. @param statusFor returns the metav1.Status of the denial */
function denying(statusFor: (secret: { data?: Record<string, string> }) => object): RequestListener {
  return async (request, response) => {
    const { request: review } = (await json(request)) as { request: { uid: string; object: object } };
    const { uid, object } = review;
    const answer = { uid, allowed: false, status: statusFor(object) };
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
  };
}

/** Starts an admission webhook for the Secrets of a namespace. */
async function startWebhook(name: string, namespace: string, listener: RequestListener): Promise<Server> {
  const { certificate, key } = await makeCertificate('webhook');
  const server = createServer({ cert: certificate, key }, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(certificate).toString('base64');
  await kubectl.apply({
    apiVersion: admission,
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle },
        rules: [secrets],
        namespaceSelector: within(namespace),
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 30,
      },
    ],
  });
  return server;
}

/** @returns the conditions of an AccessKey once the write of its Secret was rejected */
function rejection(namespace: string, name: string) {
  return poll('the condition', async () => {
    const object = await kubectl.get<AccessKeyObject>('accesskey', name, '-n', namespace);
    const ready = conditionOf(object, 'Ready');
    return ready?.reason === 'SecretFailed' && { ready, stalled: conditionOf(object, 'Stalled') };
  });
}

/** Creates an AccessKey. @returns its conditions once the Secret was rejected */
async function rejectedIn(namespace: string) {
  await kubectl.apply(accessKeyManifest(namespace, namespace));
  return rejection(namespace, namespace);
}

describe('the condition contains the text of', () => {
  test('an admission policy', async () => {
    const namespace = 'policed';
    await createNamespace(kubectl, namespace);
    const validation = { expression: 'has(object.metadata.labels.team)', message: 'every Secret needs the label team' };
    await applyPolicy('teams', namespace, { resource: secrets, validation });
    await untilRejected(namespace);
    const { ready, stalled } = await rejectedIn(namespace);
    expect(ready.message).toMatch(/^cannot read or write Secret policed-main: .* 422 Invalid: .*'teams'.*label team$/);
    expect(stalled, 'the policy may change').toBeUndefined();
  });

  test('a webhook, without the values of the Secret', async () => {
    const namespace = 'hooked';
    await createNamespace(kubectl, namespace);
    const listener = denying(({ data }) => {
      const values = Object.values(data ?? {});
      const plain = values.map((one) => Buffer.from(one, 'base64').toString());
      const message = `weak: ${values}, ${plain}, ${values.map((one) => one.slice(0, 20))}, use the vault`;
      return { code: 400, reason: 'BadRequest', message };
    });
    const server = await startWebhook('vault', namespace, listener);
    await untilRejected(namespace);
    const { ready } = await rejectedIn(namespace);
    server.close();
    const masked = Array(6).fill('\\[redacted\\]').join(', ?');
    expect(ready.message).toMatch(
      new RegExp(
        `400 BadRequest: admission webhook "vault.example.com" denied the request: weak: ${masked}, use the vault$`,
      ),
    );
  });

  test('a webhook, also if its status is that of an API server that is not available', async () => {
    const namespace = 'busy';
    await createNamespace(kubectl, namespace);
    const status = { code: 503, reason: 'ServiceUnavailable', message: 'the vault is sealed' };
    const listener = denying(() => status);
    const server = await startWebhook('busy', namespace, listener);
    await untilRejected(namespace);
    const { ready } = await rejectedIn(namespace);
    server.close();
    expect(ready.message).toMatch(/: admission webhook "busy.example.com" denied the request: the vault is sealed$/);
  });

  test('the API server, if a webhook does not respond within 30 seconds', async () => {
    const namespace = 'silent';
    await createNamespace(kubectl, namespace);
    const server = await startWebhook('silent', namespace, () => undefined);
    await untilRejected(namespace, '--request-timeout=2s');
    const { ready } = await rejectedIn(namespace);
    server.closeAllConnections();
    server.close();
    expect(ready.message).toBe('cannot read or write Secret silent-main: 500 InternalError');
  });

  test('a quota', async () => {
    const namespace = 'full';
    await createNamespace(kubectl, namespace);
    await kubectl.run(['create', 'quota', 'none', '--hard=secrets=0', '-n', namespace]);
    await untilRejected(namespace);
    const { ready, stalled } = await rejectedIn(namespace);
    expect(ready.message).toMatch(/403 Forbidden: .*exceeded quota: none, requested: secrets=1/);
    expect(stalled).toBeUndefined();
  });
});

describe('an AccessKey is Stalled if its Secret', () => {
  const keyPairs = [{ name: 'main', revision: 2, rotation: { overlap: '1h' } }];
  const namespace = 'people';
  beforeAll(() => createNamespace(kubectl, namespace));

  test('is immutable', async () => {
    const pair = await createPair(kubectl, accessKeyManifest(namespace, 'fixed'));
    await kubectl.run(['patch', 'secret', 'fixed-main', '-n', namespace, '-p', '{"immutable":true}']);
    await kubectl.apply(accessKeyManifest(namespace, 'fixed', { keyPairs }));
    const { ready, stalled } = await rejection(namespace, 'fixed');
    expect(ready.message).toMatch(/422 Invalid; it is immutable: delete it to get a new key pair$/);
    expect(stalled).toMatchObject({ status: 'True', reason: 'SecretFailed' });
    expect(await readPair(kubectl, namespace, 'fixed-main')).toEqual(pair);
  });

  test('is full of the data of others', async () => {
    const pair = await createPair(kubectl, accessKeyManifest(namespace, 'crowded'));
    const secret = await kubectl.get<{ data: Record<string, string> }>('secret', 'crowded-main', '-n', namespace);
    // The limit of the API server is 1 MiB for all values; the previous pair needs 72 bytes.
    const others = Buffer.alloc(2 ** 20 - 100).toString('base64');
    const full = { ...secret, data: { ...secret.data, others } };
    await kubectl.run(['replace', '-f', '-'], JSON.stringify(full));
    await kubectl.apply(accessKeyManifest(namespace, 'crowded', { keyPairs }));
    const { ready, stalled } = await rejection(namespace, 'crowded');
    expect(ready.message).toMatch(/^cannot read or write Secret crowded-main: .* 422 Invalid$/);
    expect(stalled).toMatchObject({ status: 'True', reason: 'SecretFailed' });
    expect(await readPair(kubectl, namespace, 'crowded-main')).toEqual(pair);
  });
});

test('the keys of a former Secret that cannot be deleted stay revoked, also if the current Secret is deleted', async () => {
  const namespace = 'kept';
  await createNamespace(kubectl, namespace);
  const manifest = (pair: object) =>
    accessKeyManifest(namespace, 'ann', { keyPairs: [{ name: 'main', secret: { name: 'current' }, ...pair }] });
  const statusOf = async () => (await kubectl.get<AccessKeyObject>('accesskey', 'ann', '-n', namespace)).status;
  const akAfter = (earlier: string) =>
    poll('another ak', async () => {
      const { keyPairs: [pair] = [] } = (await statusOf()) ?? {};
      return pair?.state === 'Active' && pair.accessKey !== earlier && pair.accessKey;
    });
  const former = await createPair(kubectl, manifest({ secret: { name: 'former' } }));
  const validation = { expression: "request.name != 'former'" };
  await applyPolicy('keep-former', namespace, { resource: { ...secrets, operations: ['DELETE'] }, validation });
  // The operator may delete it first.
  const isDeletable = () => isPermitted('delete', 'secret', 'former', '-n', namespace, '--ignore-not-found');
  await poll('the rejection', async () => !(await isDeletable()));
  await kubectl.apply(manifest({}));
  await rejection(namespace, 'ann');
  await kubectl.apply(manifest({ revision: 2 }));
  const rotated = await akAfter(former.ak);
  const uid = await kubectl.run(['get', 'secret', 'former', '-n', namespace, '-o', 'jsonpath={.metadata.uid}']);
  expect(await statusOf()).toMatchObject({ formerSecrets: [{ name: 'former', uid }] });
  await kubectl.apply(manifest({}));
  await kubectl.run(['delete', 'secret', 'current', '-n', namespace]);
  expect(await akAfter(rotated)).not.toBe(former.ak);
  expect((await fetch(tokenUrl(operator.url, former))).status).toBe(401);
  await getToken(operator.url, await readPair(kubectl, namespace, 'current'));

  await kubectl.run(['delete', 'validatingadmissionpolicybinding', 'keep-former']);
  await poll('the end of the rejection', isDeletable);
  await reconcileAgain(operator, kubectl, `${namespace}/ann`);
  await poll('its deletion', async () => (await statusOf())?.formerSecrets === undefined);
  expect((await kubectl.run(['get', 'secrets', '-n', namespace, '-o', 'name'])).trim()).toBe('secret/current');
});
