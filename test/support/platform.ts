import type { Kubectl } from '../../tools/kubectl.ts';
import { poll } from '../../tools/poll.ts';

export const tokenPath = '/apis/ghippo.io/v1alpha1/token';
export const deploymentsPath = '/apis/kpanda.io/v1alpha1/clusters/kpanda-global-cluster/deployments';

export interface Pair {
  ak: string;
  sk: string;
}

/** The fields of an AccessKey that tests use. */
export interface AccessKeyObject {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string; generation: number };
  status: {
    observedGeneration: number;
    userID?: string;
    formerSecrets?: { name: string; uid: string }[];
    conditions?: { type: string; status: string; reason: string; message: string; observedGeneration: number }[];
    keyPairs?: {
      name: string;
      accessKey?: string;
      secretName: string;
      state: string;
      revision?: number;
      createdAt?: string;
      expiresAt?: string;
      nextRotationAt?: string;
      previous?: { accessKey: string; validUntil: string; lastUsedTime?: string; lastClientAddress?: string };
      lastUsedTime?: string;
      lastClientAddress?: string;
      expiryWarningDays?: number;
    }[];
  };
}

export interface ErrorAnswer {
  code: number;
  message: string;
  details: { fieldViolations: { field: string; description: string }[] }[];
}

export interface Listing {
  items: { metadata: { namespace: string; name: string }; status: { state: string } }[];
  pagination: { total: number; page: number; pageSize: number; pages: number };
}

/** The manifest of an AccessKey in a namespace. */
export function accessKeyManifest(
  namespace: string,
  name: string,
  spec: {
    user?: { name: string; groups?: string[]; [field: string]: unknown };
    suspended?: boolean;
    serviceAccounts?: string[];
    audiences?: string[];
    keyPairs?: object[];
  } = {},
) {
  return {
    apiVersion: 'ghippo.io/v1alpha1',
    kind: 'AccessKey',
    metadata: { namespace, name },
    spec: { user: { name }, keyPairs: [{ name: 'main' }], ...spec },
  };
}

export async function createNamespace(kubectl: Kubectl, name: string): Promise<string> {
  await kubectl.run(['create', 'namespace', name]);
  return name;
}

/** Waits for the condition Ready with kubectl. */
export async function waitReady(kubectl: Kubectl, namespace: string, name: string): Promise<AccessKeyObject> {
  await kubectl.run(['wait', '--for=condition=Ready', `accesskey/${name}`, '-n', namespace, '--timeout=90s']);
  return kubectl.get<AccessKeyObject>('accesskey', name, '-n', namespace);
}

/** Waits until the status is of the current generation. */
export async function waitObserved(kubectl: Kubectl, namespace: string, name: string): Promise<AccessKeyObject> {
  return poll(`the status of ${name}`, async () => {
    const accessKey = await kubectl.get<AccessKeyObject>('accesskey', name, '-n', namespace);
    return accessKey.status.observedGeneration === accessKey.metadata.generation && accessKey;
  });
}

export function conditionOf({ status }: AccessKeyObject, type: string) {
  return status.conditions?.find((one) => one.type === type);
}

/** Applies an AccessKey and waits until it is Ready. @returns the pair of its first Secret */
export async function createPair(kubectl: Kubectl, manifest: ReturnType<typeof accessKeyManifest>): Promise<Pair> {
  const { namespace, name } = manifest.metadata;
  await kubectl.apply(manifest);
  const { status } = await waitReady(kubectl, namespace, name);
  return readPair(kubectl, namespace, status.keyPairs?.[0]?.secretName ?? '');
}

/** Records that the first pair was used now. The operator itself writes that only about once a minute. */
export async function recordUse(kubectl: Kubectl, namespace: string, name: string): Promise<void> {
  const used = [{ op: 'add', path: '/status/keyPairs/0/lastUsedTime', value: new Date().toISOString() }];
  const status = ['--subresource=status', '--type=json', '-p', JSON.stringify(used)];
  await kubectl.run(['patch', 'accesskey', name, '-n', namespace, ...status]);
}

export async function readPair(kubectl: Kubectl, namespace: string, secretName: string): Promise<Pair> {
  const { data } = await kubectl.get<{ data: Record<string, string> }>('secret', secretName, '-n', namespace);
  const decode = (value = '') => Buffer.from(value, 'base64').toString('utf8');
  return { ak: decode(data.ak), sk: decode(data.sk) };
}

export function tokenUrl(url: string, { ak, sk }: Pair, query = ''): string {
  return `${url}${tokenPath}?ak=${ak}&sk=${sk}${query}`;
}

/** Gets a token. Retries, since the operator's cache is some milliseconds behind kubectl. */
export async function getToken(url: string, pair: Pair, query = ''): Promise<string> {
  return poll('a token', async () => {
    const answer = await fetch(tokenUrl(url, pair, query));
    return answer.ok ? ((await answer.json()) as { token: string }).token : undefined;
  });
}

/** Waits until the API server denies the operator a request. @param request verb, resource and flags of `auth can-i` */
export async function operatorMayNot(kubectl: Kubectl, ...request: string[]): Promise<void> {
  const question = ['auth', 'can-i', ...request, '--as=system:serviceaccount:accesskey-system:accesskey-operator'];
  // The answer "no" is exit code 1, without an error of the API server.
  const isNo = ({ message }: Error) => message.includes('auth can-i');
  await poll(`the denial of ${request.join(' ')}`, () => kubectl.run(question).then(() => false, isNo));
}

/** Waits until the pair gets a 401 instead of a token. */
export async function pairStops(url: string, pair: Pair): Promise<void> {
  await poll('the pair to stop', async () => (await fetch(tokenUrl(url, pair))).status === 401);
}

export function listDeployments(url: string, token: string, query = ''): Promise<Response> {
  return fetch(`${url}${deploymentsPath}${query}`, { headers: { authorization: `Bearer ${token}` } });
}

interface EventObject {
  reason: string;
  message: string;
  metadata: { resourceVersion: string };
}

async function eventsOf(kubectl: Kubectl, namespace: string, name: string): Promise<EventObject[]> {
  const selector = `--field-selector=involvedObject.kind=AccessKey,involvedObject.name=${name}`;
  const { items } = await kubectl.get<{ items: EventObject[] }>('events', '-n', namespace, selector);
  return items.toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
}

/** @returns the reasons of the Events about an AccessKey, oldest first */
export async function eventReasons(kubectl: Kubectl, namespace: string, name: string): Promise<string[]> {
  return (await eventsOf(kubectl, namespace, name)).map((event) => event.reason);
}

/** @returns the notes of the Events about an AccessKey that have this reason, oldest first */
export async function eventNotes(kubectl: Kubectl, namespace: string, name: string, reason: string): Promise<string[]> {
  const events = await eventsOf(kubectl, namespace, name);
  return events.filter((event) => event.reason === reason).map(({ message }) => message);
}
