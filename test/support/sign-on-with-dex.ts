/** What tests of single sign-on with Dex share. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { stringify } from 'yaml';
import { freePorts } from '../../tools/control-plane/ports.ts';
import type { OperatorProcess, StartOptions } from '../../tools/operator-process.ts';
import { startBrowser, type TestBrowser, type WatchedPage } from './browser.ts';
import { makeCertificate } from './certificates.ts';
import { startTestCluster, type TestCluster } from './cluster.ts';
import { type Dex, type DexClient, type DexOptions, type DexUser, dexPassword, dexUsers, startDex } from './dex.ts';
import { createNamespace } from './platform.ts';

/** The client of the console, and one whose tokens the API server does not accept. */
export const clients = {
  console: { id: 'accesskey-console', secret: 'secret-of-the-console-2f81' },
  other: { id: 'other-client', secret: 'secret-of-the-other-client-9c30' },
} as const;

/** Dex, a cluster, and a browser. The group developers may edit the namespace people. */
export interface SignOnSetup {
  dex: Dex;
  cluster: TestCluster;
  /**
   * Starts an operator with TLS.
   *
   * @param oidc overrides fields of web.oidc
   * @param web other fields of web
   */
  startOperator(oidc?: object, web?: object, options?: StartOptions): Promise<OperatorProcess>;
  /** Opens a page of an operator in a new browser session. */
  open(operator: OperatorProcess, path?: string): Promise<WatchedPage>;
  stop(): Promise<void>;
}

export interface SignOnOptions {
  /** How many operators are started. */
  operators: number;
  /** Whether the API server accepts ID tokens for the console. Default: true. */
  trusted?: boolean;
  dex?: Partial<DexOptions>;
}

export async function startSignOn({ operators, trusted = true, dex: dexOptions }: SignOnOptions): Promise<SignOnSetup> {
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-single-sign-on-'));
  const ports = await freePorts(operators);
  const redirectURIs = ports.map((port) => `https://127.0.0.1:${port}/login/callback`);
  const dexClients = Object.values(clients).map((one) => ({ ...one, redirectURIs }));
  const dex = await startDex({ clients: dexClients, ...dexOptions });
  const apiServerArguments = trusted ? await trustDex(dex, directory, [{ ...clients.console, redirectURIs }]) : [];
  const cluster = await startTestCluster({ apiServerArguments });
  const { kubectl } = cluster;
  await createNamespace(kubectl, 'people');
  await kubectl.run(['create', 'rolebinding', 'edit', '-n', 'people', '--clusterrole=edit', '--group=developers']);
  const browser = await startBrowser();
  const tls = { certificateFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  const { certificate, key } = await makeCertificate('operator');
  await Promise.all([writeFile(tls.certificateFile, certificate), writeFile(tls.keyFile, key)]);
  return {
    dex,
    cluster,
    async startOperator(oidc = {}, web = {}, options = {}) {
      const port = ports.shift();
      if (port === undefined) throw new Error('more operators than redirect URIs');
      const clientSecretFile = join(directory, `client-secret-${port}`);
      const fields = {
        clientID: clients.console.id,
        usernameClaim: 'preferred_username',
        usernamePrefix: '-',
        ...oidc,
      };
      const client = Object.values(clients).find(({ id }) => id === fields.clientID);
      await writeFile(clientSecretFile, `${client?.secret}\n`);
      const scopes = ['openid', 'profile', 'email', 'groups', 'offline_access'];
      const provider = { issuer: dex.issuer, caFile: dex.caFile, clientSecretFile, groupsClaim: 'groups', scopes };
      const settings = {
        http: { address: '127.0.0.1', port, tls },
        web: { publicUrl: `https://127.0.0.1:${port}`, oidc: { ...provider, ...fields }, ...web },
      };
      return cluster.startOperator(settings, undefined, options);
    },
    open: (operator, path = '/') => openConsole(browser, { operator, dex, path }),
    async stop() {
      await browser.close();
      await cluster.stop();
      await dex.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface OpenedConsole {
  operator: OperatorProcess;
  dex: Dex;
  path: string;
}

async function openConsole(browser: TestBrowser, { operator, dex, path }: OpenedConsole): Promise<WatchedPage> {
  // Chromium logs error statuses, and the browser visits Dex on purpose.
  const expected = [new RegExp(`^request to ${dex.issuer}`), /status of [45]\d\d/, /ERR_ABORTED/];
  const opened = await browser.open({ origin: operator.url, expected, context: { ignoreHTTPSErrors: true } });
  await opened.page.goto(operator.url + path);
  return opened;
}

/** Signs in at Dex with the button of the sign-in page, and waits for a page of the console. */
export async function signOn(page: Page, user: DexUser, path = '/personal-center/access-keys'): Promise<void> {
  await page.click('#sso');
  await signInAtDex(page, user);
  await page.waitForURL((url) => url.pathname + url.search === path);
}

/** @returns the URL of the callback after sign-in at Dex, to which the browser is not redirected */
export async function callbackOf(page: Page, { email }: DexUser, { issuer }: Dex): Promise<string> {
  const form = { login: email, password: dexPassword };
  let response = await page.request.post(page.url(), { form, maxRedirects: 0 });
  for (;;) {
    const location = response.headers().location;
    if (location === undefined) throw new Error(`Dex did not redirect: ${response.status()}`);
    const { href } = new URL(location, response.url());
    if (!href.startsWith(issuer)) return href;
    response = await page.request.get(href, { maxRedirects: 0 });
  }
}

/** Whether a new browser can sign in. */
export async function canSignOn(setup: SignOnSetup, operator: OperatorProcess): Promise<boolean> {
  const { page, close } = await setup.open(operator, '/login/sso');
  if (page.url().startsWith(setup.dex.issuer)) {
    await signInAtDex(page, dexUsers.alice);
    await page.waitForURL(`${operator.url}/**`);
  }
  await close();
  return new URL(page.url()).pathname === '/personal-center/access-keys';
}

/** @returns the name of the signed-in user in the header */
export const userOf = (page: Page): Promise<string | null> => page.textContent('.popup .who');

/** Opens a URL. @returns the status of the page and its error */
export async function openPage(page: Page, url: string): Promise<{ status: number | undefined; error: string }> {
  const response = await page.goto(url);
  return { status: response?.status(), error: (await page.locator('[role=alert]').allTextContents()).join() };
}

/**
 * Writes an AuthenticationConfiguration that accepts the ID tokens of Dex for these clients. The user is
 * `preferred_username`, without a prefix, and users and groups that start with system: are rejected.
 *
 * @returns arguments of kube-apiserver
 */
export async function trustDex({ issuer, certificate }: Dex, directory: string, clients: readonly DexClient[]) {
  const file = join(directory, 'authentication.yaml');
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    jwt: [
      {
        issuer: {
          url: issuer,
          audiences: clients.map(({ id }) => id),
          audienceMatchPolicy: 'MatchAny',
          certificateAuthority: certificate,
        },
        claimMappings: {
          username: { claim: 'preferred_username', prefix: '' },
          groups: { claim: 'groups', prefix: '' },
        },
        userValidationRules: [
          { expression: "!user.username.startsWith('system:')", message: 'system: users are reserved' },
          { expression: "user.groups.all(g, !g.startsWith('system:'))", message: 'system: groups are reserved' },
        ],
      },
    ],
  };
  await writeFile(file, stringify(configuration));
  return [`--authentication-config=${file}`];
}

/** Fills in Dex's password form on the page that the browser shows. */
export async function signInAtDex(page: Page, { email }: DexUser, password = dexPassword): Promise<void> {
  await page.fill('#login', email);
  await page.fill('#password', password);
  await page.click('#submit-login');
}
