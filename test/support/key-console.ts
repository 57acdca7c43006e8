/** The console with one AccessKey in memory, of the user ann, whose API server and operator a test controls. */
import { Readable } from 'node:stream';
import { onTestFinished, vi } from 'vitest';
import { toAccessKeyRecord } from '../../src/accesskey/model/access-key-record.ts';
import type { KeyPair } from '../../src/credential/key-pair.ts';
import { toSecretRecord } from '../../src/credential/secret-record.ts';
import { ConnectionError } from '../../src/kube/errors.ts';
import type { Transport } from '../../src/kube/transport.ts';
import type { ConsoleOptions } from '../../src/web/routes/dependencies.ts';
import { caches as cachesOf, keyPair, known, pairStatus, rawSecret } from './builders.ts';
import { consoleApp, consoleDependencies } from './console-dependencies.ts';
import { type CookieBrowser, createCookieBrowser } from './cookie-browser.ts';

export const keysPath = '/personal-center/access-keys';

/** The console, and the state of its cluster. */
export type KeyConsole = ReturnType<typeof createKeyConsole>;

/** @param options of the console */
export function createKeyConsole(options: Partial<ConsoleOptions> = {}) {
  let offset = 0;
  const now = () => Date.now() + offset;
  const first = known();
  const caches = cachesOf({ accessKeys: [first], secrets: [toSecretRecord(rawSecret({ of: first }))] });
  const { uid, creationTimestamp, spec, status } = first;
  const metadata = { namespace: 'shop', name: 'ann', uid, creationTimestamp, resourceVersion: '10', generation: 1 };
  const cluster = {
    accessKey: { metadata, spec, status } as Parameters<typeof toAccessKeyRecord>[0] & Pick<typeof first, 'spec'>,
    /** By name. */
    secrets: { 'ann-main': rawSecret({ of: first }) } as Record<string, ReturnType<typeof rawSecret>>,
    /** Whether the API server fails to return Secrets. */
    secretsFail: false,
    /** Runs after each change of the spec. */
    afterChange: (): void => undefined,
    /** Lets the caches see the AccessKey and its Secrets. */
    sync(): void {
      caches.accessKeys.upsert(toAccessKeyRecord(cluster.accessKey));
      for (const secret of Object.values(cluster.secrets)) caches.secrets.upsert(toSecretRecord(secret));
    },
    /** Changes the spec, as another client does. */
    change(changed: object): void {
      const { resourceVersion, generation } = cluster.accessKey.metadata;
      const next = { generation: Number(generation) + 1, resourceVersion: String(Number(resourceVersion) + 1) };
      cluster.accessKey = {
        ...cluster.accessKey,
        metadata: { ...cluster.accessKey.metadata, ...next },
        spec: { ...cluster.accessKey.spec, ...changed },
      };
    },
    /** Does what the operator does: creates the pairs of the spec in their Secrets, `keys` for the named one. */
    reconcile(name: string, keys: KeyPair): void {
      const { metadata, spec } = cluster.accessKey;
      const entries = (spec.keyPairs ?? []).map((pair) => {
        const before = toAccessKeyRecord(cluster.accessKey).status.keyPairs?.find((one) => one.name === pair.name);
        const revision = pair.revision ?? 1;
        return pair.name === name || !before ? pairStatus({ name: pair.name, accessKey: keys.ak, revision }) : before;
      });
      cluster.accessKey = {
        ...cluster.accessKey,
        status: { observedGeneration: metadata.generation ?? 0, keyPairs: entries },
      };
      const of = toAccessKeyRecord(cluster.accessKey);
      const revision = spec.keyPairs?.find((one) => one.name === name)?.revision ?? 1;
      const resourceVersion = String(20 + Number(metadata.resourceVersion));
      cluster.secrets[`ann-${name}`] = rawSecret({ of, pair: name, keys, facts: { revision }, resourceVersion });
    },
  };

  const transport: Transport = {
    server: 'https://api.example.org',
    async send({ method, path, body }) {
      const secret = /\/secrets\/([\w-]+)/.exec(path)?.[1];
      if (secret !== undefined) {
        const found = cluster.secrets[secret];
        if (cluster.secretsFail || !found) throw new ConnectionError('the API server is down');
        return reply(found);
      }
      if (method === 'PATCH') {
        cluster.change(JSON.parse(String(body)).spec);
        cluster.afterChange();
      }
      return reply(cluster.accessKey);
    },
    close: async () => undefined,
  };

  const app = consoleApp(consoleDependencies({ caches, transport, now, options }));
  return {
    app,
    cluster,
    advance: (milliseconds: number) => {
      offset += milliseconds;
    },
    async signIn(method: 'token' | 'pair', user = 'ann'): Promise<CookieBrowser> {
      const browser = createCookieBrowser(app);
      const credential = method === 'token' ? { token: user } : { ...keyPair() };
      await browser.post('/login', { method, ...credential });
      return browser;
    },
  };
}

/** The parts of a response that the Kubernetes client reads. */
function reply(value: unknown): Awaited<ReturnType<Transport['send']>> {
  const body = Readable.from([Buffer.from(JSON.stringify(value))]);
  return { statusCode: 200, headers: {}, body } as unknown as Awaited<ReturnType<Transport['send']>>;
}

/** @returns the hidden fields of the forms in a page that have these names */
export function hiddenFields(page: string, ...names: string[]): Record<string, string> {
  const found = names.map(
    (name) => [name, new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? ''] as const,
  );
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}

/** @returns the fields of a form of the console, which the browser opens first */
export async function fieldsOf(browser: CookieBrowser, path: string): Promise<Record<string, string>> {
  return hiddenFields(await (await browser.get(path)).text(), 'form_token', 'form_id', 'generation');
}

/** @returns the title of a page */
export const titleOf = (page: string): string | undefined => /<h1[^>]*>([^<]*)/.exec(page)?.[1];

/** Responses do not wait for the operator. */
export function withoutWaiting(): void {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const timer = setInterval(() => vi.advanceTimersByTime(1_000), 1);
  onTestFinished(() => {
    clearInterval(timer);
    vi.useRealTimers();
  });
}

/** Sends a form. */
export async function submit(browser: CookieBrowser, path: string, fields: Record<string, string>) {
  const response = await browser.post(path, fields);
  return { status: response.status, page: await response.text() };
}

/** Sends the form of the page that waits for a pair. */
export const checkAgain = (browser: CookieBrowser, page: string) =>
  submit(browser, `${keysPath}/reveal`, hiddenFields(page, 'form_token', 'form_id', 'ticket'));
