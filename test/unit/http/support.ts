import { pino } from 'pino';
import type { Authorizer } from '../../../src/access/authorizer.ts';
import { createVisibility } from '../../../src/access/visibility.ts';
import type { Use } from '../../../src/accesskey/live/use.ts';
import { type Cluster, fixedClusters } from '../../../src/clusters/cluster.ts';
import { createDeploymentTransform } from '../../../src/deployments/record.ts';
import { createDeploymentStore } from '../../../src/deployments/store.ts';
import { createApp } from '../../../src/http/app.ts';
import type { Dependencies } from '../../../src/http/common/dependencies.ts';
import { createInventory } from '../../../src/inventory/inventory.ts';
import type { Freshness } from '../../../src/kube/freshness.ts';
import { generateSigningKeys, parseSigningKeys, type SigningKeys } from '../../../src/token/keys/signing-keys.ts';
import { accessKey, caches, keyPair, keyPolicy, now, secret } from '../../support/builders.ts';
import { httpDependencies } from '../../support/http-dependencies.ts';

export const tokenPaths = ['/apis/ghippo.io/v1alpha1/token', '/api/v1/cube/key/token'] as const;
export const keyPaths = ['/apis/ghippo.io/v1alpha1/certs', '/.well-known/jwks.json'] as const;
export const deploymentsPath = '/apis/kpanda.io/v1alpha1/clusters/here/deployments';
export const { ak, sk } = keyPair();

/** The body of an error. */
export interface ErrorAnswer {
  code: number;
  message: string;
  details: { '@type': string; fieldViolations: { field: string; description: string }[] }[];
}

/** The body of a response of an OAuth 2.0 endpoint, with the fields of both a success and an error. */
export interface OAuthAnswer {
  access_token: string;
  token_type: string;
  expires_in: number;
  error: string;
  error_description: string;
}

let generated: Promise<SigningKeys> | undefined;

/** Signing keys, generated once per test file. */
export function signingKeys(): Promise<SigningKeys> {
  generated ??= generateSigningKeys(new Date(now), keyPolicy).then(parseSigningKeys);
  return generated;
}

/** Allows these namespaces; `*`: all. */
export function allowing(...allowed: string[]): Authorizer {
  const mayListDeployments: Authorizer['mayListDeployments'] = async (_, namespace = '*') =>
    [namespace, '*'].some((one) => allowed.includes(one));
  return {
    mayListDeployments,
    visibleNamespaces: visibility(mayListDeployments),
    visibleAccessKeys: visibility(mayListDeployments),
    mayGetDeployment: async (_, namespace, name) =>
      [namespace, `${namespace}/${name}`, '*'].some((one) => allowed.includes(one)),
    mayReviewTokens: async () => false,
    mayReadAccessKeys: async () => allowed.includes('*'),
    mayChangeKeyPairs: async () => false,
  };
}

/** Visibility of a user with these permissions; every namespace is checked. */
export function visibility(mayList: Authorizer['mayListDeployments']): Authorizer['visibleNamespaces'] {
  return createVisibility({ mayList, namespacesToCheck: async () => undefined, listed: () => undefined });
}

export function failing(error: unknown): Authorizer {
  const fail = () => Promise.reject(error);
  const all = { mayListDeployments: fail, mayGetDeployment: fail, mayReviewTokens: fail, mayReadAccessKeys: fail };
  return { ...all, mayChangeKeyPairs: fail, visibleNamespaces: fail, visibleAccessKeys: fail };
}

/** An authorizer that allows everything, and records when a review ends. */
export function recordedReviews(): { authorizer: Authorizer; steps: string[] } {
  const steps: string[] = [];
  type Ask = (...question: unknown[]) => Promise<unknown>;
  const recorded = Object.entries(allowing('*') as unknown as Record<string, Ask>).map(([name, ask]) => [
    name,
    async (...question: unknown[]) => {
      const answer = await ask(...question);
      steps.push('review');
      return answer;
    },
  ]);
  return { authorizer: Object.fromEntries(recorded) as Authorizer, steps };
}

/** Freshness of an up-to-date cache. */
export const fresh: Freshness = { resourceVersion: '7', ageSeconds: 1.5, watching: true };

/** A store of deployments named `namespace/name`. */
export function deployments(...names: string[]) {
  return deploymentsOf('here', names);
}

export function deploymentsOf(cluster: string, names: readonly string[]) {
  const store = createDeploymentStore();
  const toRecord = createDeploymentTransform(cluster);
  store.replace(
    names.map((key) => {
      const [namespace = '', name = ''] = key.split('/');
      return toRecord({ metadata: { namespace, name, resourceVersion: '1' }, spec: {}, status: {} });
    }),
  );
  return store;
}

/** An app with the AccessKey and key pair of ann. Its log is recorded. */
export async function createPlatform(
  change: Partial<Dependencies> & { of?: ReturnType<typeof accessKey>; cluster?: Partial<Cluster> } = {},
) {
  const { of = accessKey({ groups: ['dev'] }), cluster = {}, ...dependencies } = change;
  const keys = await signingKeys();
  const lines: string[] = [];
  const uses: Use[] = [];
  const content = caches({ accessKeys: [of], secrets: [secret({ of })] });
  const app = createApp(
    httpDependencies(content, {
      lastUsed: { touch: (use) => void uses.push(use) },
      inventory: createInventory(content, allowing('*')),
      clusters: fixedClusters([
        {
          name: 'here',
          deployments: deployments('shop/web', 'shop/api', 'store/db'),
          namespaces: () => ['empty', 'shop', 'store'],
          freshness: () => fresh,
          maxStaleSeconds: 300,
          authorizer: allowing('*'),
          ...cluster,
        },
      ]),
      authorizer: allowing('*'),
      signingKeys: () => keys,
      log: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
      now: () => now,
      ...dependencies,
    }),
  );
  /** @param from client address */
  async function send(path: string, init: RequestInit = {}, from?: string) {
    const response = await app.request(path, init, { incoming: { socket: { remoteAddress: from } } });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: <T = ErrorAnswer>() => JSON.parse(text) as T,
    };
  }
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => send(path, { method, headers });
  return {
    app,
    send,
    get,
    /** Issues a token for ann. */
    async token(from?: string): Promise<string> {
      const answer = await send(`${tokenPaths[0]}?ak=${ak}&sk=${sk}`, {}, from);
      return answer.json<{ token: string }>().token;
    },
    list: async (query: string, token: string) => get(deploymentsPath + query, { authorization: `Bearer ${token}` }),
    /** The log, one line for each request. */
    logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    log: () => lines.join(''),
    uses,
  };
}

/** An Authorization: Basic header (RFC 7617). */
export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** A POST request with a form. */
export function form(values: Record<string, string> | string, headers: Record<string, string> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(values).toString(),
  };
}
