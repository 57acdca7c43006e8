/** The console with single sign-on, in memory. */
import { decodeJwt } from 'jose';
import { pino } from 'pino';
import type { AccessKeyCaches } from '../../src/accesskey/model/caches.ts';
import type { Transport } from '../../src/kube/transport.ts';
import type { EndedSignOns } from '../../src/web/oidc/ended-sign-ons.ts';
import { createSingleSignOn, type SingleSignOnOptions } from '../../src/web/oidc/single-sign-on.ts';
import type { ConsoleDependencies, ConsoleOptions } from '../../src/web/routes/dependencies.ts';
import { deriveKeys } from '../../src/web/session/session.ts';
import { consoleApp, consoleDependencies } from './console-dependencies.ts';
import { createCookieBrowser, publicUrl } from './cookie-browser.ts';
import { type TestIdentityProvider, testClient } from './identity-provider.ts';

export interface SignOnConsoleOptions {
  provider: TestIdentityProvider;
  oidc?: Partial<SingleSignOnOptions>;
  options?: Partial<ConsoleOptions>;
  /** ID tokens that the cluster rejects. */
  rejects?: (token: string) => boolean | Promise<boolean>;
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
  rejects = () => false,
  ended,
  dependencies,
  ...rest
}: SignOnConsoleOptions) {
  let offset = 0;
  const now = () => Date.now() + offset;
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const settings: SingleSignOnOptions = {
    ...{ issuer: provider.issuer, clientID: testClient.id, scopes: ['openid', 'email'] },
    ...{ usernameClaim: 'email', groupsClaim: 'groups', accessMode: 'token', providerSignOut: true, ...oidc },
  };
  const singleSignOn = createSingleSignOn(settings, { publicUrl, ended, log, now });
  const keys = deriveKeys(Buffer.alloc(32, 1));
  const all = consoleDependencies({
    reviewToken: async (token) => {
      const { exp = 0, email } = decodeJwt(token);
      if ((await rejects(token)) || exp * 1000 < now()) return undefined;
      return { name: String(email), groups: ['developers'] };
    },
    sessionKeys: () => keys,
    ...{ singleSignOn, log, now, ...rest, ...dependencies },
  });
  const app = consoleApp(all);
  return {
    app,
    lines,
    keys,
    singleSignOn,
    advance: (milliseconds: number) => {
      offset += milliseconds;
    },
    browser: () => createCookieBrowser(app),
  };
}

export type SignOnConsole = ReturnType<typeof createSignOnConsole>;
