/** The console with single sign-on, in memory, and a browser's cookie jar. */
import { Hono } from 'hono';
import { decodeJwt } from 'jose';
import { pino } from 'pino';
import { createPairLookup } from '../../src/accesskey/live/pair-lookup.ts';
import type { AccessKeyCaches } from '../../src/accesskey/model/caches.ts';
import { fixedClusters } from '../../src/clusters/cluster.ts';
import { limitBody } from '../../src/http/common/body-limit.ts';
import type { Environment } from '../../src/http/common/environment.ts';
import { requestLog } from '../../src/http/common/request-log.ts';
import { createReviewBudget } from '../../src/http/common/review-budget.ts';
import type { Transport } from '../../src/kube/transport.ts';
import { createConsole } from '../../src/web/console.ts';
import type { EndedSignOns } from '../../src/web/oidc/ended-sign-ons.ts';
import { createSingleSignOn, type SingleSignOnOptions } from '../../src/web/oidc/single-sign-on.ts';
import type { ConsoleDependencies, ConsoleOptions } from '../../src/web/routes/dependencies.ts';
import { deriveKeys } from '../../src/web/session/session.ts';
import { caches as cachesOf } from './builders.ts';
import { type TestIdentityProvider, testClient } from './identity-provider.ts';

export const publicUrl = 'https://keys.example.org';

export interface SignOnConsoleOptions {
  provider: TestIdentityProvider;
  oidc?: Partial<SingleSignOnOptions>;
  options?: Partial<ConsoleOptions>;
  /** ID tokens that the cluster rejects. */
  rejects?: (token: string) => boolean;
  /** Accepts back-channel logout. */
  ended?: Pick<EndedSignOns, 'has' | 'add'>;
  caches?: AccessKeyCaches;
  transport?: Transport;
  /** The shared ConsoleDependencies of a second replica. */
  dependencies?: Partial<ConsoleDependencies>;
}

/** @returns the console, whose clock `advance` moves, and the lines of its log */
export function createSignOnConsole({
  provider,
  oidc = {},
  options = {},
  rejects = () => false,
  ...rest
}: SignOnConsoleOptions) {
  let offset = 0;
  const now = () => Date.now() + offset;
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const { caches = cachesOf({}), transport = unusedTransport } = rest;
  const settings: SingleSignOnOptions = {
    ...{ issuer: provider.issuer, clientID: testClient.id, scopes: ['openid', 'email'] },
    ...{ usernameClaim: 'email', groupsClaim: 'groups', accessMode: 'token', providerSignOut: true, ...oidc },
  };
  const singleSignOn = createSingleSignOn(settings, { publicUrl, ended: rest.ended, log, now });
  const keys = deriveKeys(Buffer.alloc(32, 1));
  const { app: pages } = createConsole({
    caches,
    pairs: createPairLookup(caches),
    tokenIssuing: {
      issue: () => Promise.reject(new Error('unused')),
      issueFor: () => Promise.reject(new Error('no token is expected')),
      authenticate: () => ({ retryAfterSeconds: 0 }),
    },
    tokenBudget: createReviewBudget(undefined),
    clusters: fixedClusters([]),
    inventory: { find: async () => undefined, isOfferedTo: async () => false },
    takeTurn: async () => undefined,
    reviewToken: async (token) => {
      const { exp = 0, email } = decodeJwt(token);
      if (rejects(token) || exp * 1000 < now()) return undefined;
      return { name: String(email), groups: ['developers'] };
    },
    transport,
    transportFor: () => transport,
    sessionKeys: () => keys,
    singleSignOn,
    options: { keyPairSignIn: 'manage', sessionMinutes: 480, publicUrl, secure: true, ...options },
    log,
    now,
    ...rest.dependencies,
  });
  const app = new Hono<Environment>();
  app.use(requestLog({ log, addressOf: () => '192.0.2.1' }), limitBody());
  app.route('/', pages);
  return {
    app,
    lines,
    keys,
    singleSignOn,
    advance: (milliseconds: number) => {
      offset += milliseconds;
    },
    browser: () => createBrowser(app),
  };
}

export type SignOnConsole = ReturnType<typeof createSignOnConsole>;
export type TestBrowser = ReturnType<typeof createBrowser>;

const unusedTransport: Transport = {
  server: 'https://unused.example.org',
  send: () => Promise.reject(new Error('unused')),
  close: async () => undefined,
};

/** Sends requests with the cookies of earlier responses. */
export function createBrowser(app: Hono<Environment>, jar = new Map<string, string>()) {
  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await app.request(`${publicUrl}${path}`, {
      ...init,
      headers: { 'Sec-Fetch-Site': 'same-origin', ...init.headers, cookie },
    });
    if (response.status === 401 && !response.headers.has('WWW-Authenticate'))
      throw new Error('a 401 has a challenge (RFC 9110 section 15.5.2)');
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }
  return {
    jar,
    get: (path: string, headers: Record<string, string> = {}) => request(path, { headers }),
    post: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      request(path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers: { Origin: publicUrl, 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      }),
    /** @returns a browser with the same cookies so far */
    copy: () => createBrowser(app, new Map(jar)),
  };
}

/** @returns path and query of the Location header */
export function locationOf(response: Response): string {
  const location = response.headers.get('Location') ?? '';
  const url = new URL(location, publicUrl);
  return url.origin === publicUrl ? url.pathname + url.search : location;
}

/** Starts a sign-in. @returns the URL at the provider */
export async function start(browser: TestBrowser, next?: string): Promise<string> {
  const query = next === undefined ? '' : `?${new URLSearchParams({ next })}`;
  return locationOf(await browser.get(`/login/sso${query}`));
}

/** Signs in. @returns the response of the callback */
export async function signOn(
  browser: TestBrowser,
  provider: TestIdentityProvider,
  user: { sub: string; [claim: string]: unknown } = { sub: 'sub-of-alice', email: 'alice@example.org' },
  next?: string,
): Promise<Response> {
  const url = await start(browser, next);
  return browser.get(pathOf(provider.authorize(url, user)), { 'Sec-Fetch-Site': 'cross-site' });
}

export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
