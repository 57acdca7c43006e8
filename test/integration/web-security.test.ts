import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poll } from '../../tools/poll.ts';
import { createKey, people, signInWithToken, startTestConsole, type TestConsole } from '../support/browser-console.ts';
import { makeCertificate } from '../support/certificates.ts';
import { clientOf, sendForm, signIn } from '../support/console-client.ts';
import { cookiesOf } from '../support/cookie-browser.ts';
import {
  accessKeyManifest,
  getToken,
  type Pair,
  readPair,
  recordUse,
  tokenUrl,
  waitReady,
} from '../support/platform.ts';

let setup: TestConsole;
let url: string;
let pair: Pair;
const keysPath = '/personal-center/access-keys';
const byAlice = { method: 'token', token: people.alice.token };

beforeAll(async () => {
  setup = await startTestConsole({ token: { failureThrottle: { burst: 20, refillSeconds: 3600 } } });
  url = setup.operator.url;
  const { kubectl } = setup.cluster;
  await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('people', 'alice')));
  await waitReady(kubectl, 'people', 'alice');
  pair = await readPair(kubectl, 'people', 'alice-main');
  await getToken(url, pair);
});
afterAll(() => setup?.stop());

const specOf = (name: string) =>
  setup.cluster.kubectl.get<{ spec: object; metadata: { generation: number } }>('accesskey', name, '-n', 'people');

describe('every page', () => {
  test.each(['/', '/login', keysPath, '/personal-center/nothing', '/deployments', `${keysPath}/x/rotate`])(
    '%s has the security headers',
    async (path) => {
      const client = await signIn(url, byAlice);
      const { headers } = await client.get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(policy).not.toContain('http');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toContain('no-store');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test('is not compressed, since it may contain an sk', async () => {
    const client = await signIn(url, byAlice);
    const { headers } = await client.get(keysPath, { 'Accept-Encoding': 'gzip, br' });
    expect(headers.get('content-encoding')).toBeNull();
  });

  test('redirects to the sign-in page and back', async () => {
    for (const path of [keysPath, '/personal-center/profile', '/deployments?state=Running']) {
      const answer = await clientOf(url, '').get(path);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, `/login?next=${encodeURIComponent(path)}`]);
    }
    const { headers } = await sendForm(`${url}/login`, { ...byAlice, next: '/deployments?state=Running' });
    expect(headers.get('location')).toBe('/deployments?state=Running');
  });

  test('escapes user input', async () => {
    const client = await signIn(url, byAlice);
    const { metadata } = await specOf('alice');
    const fields = { generation: String(metadata.generation), name: '<img src=x>' };
    const text = await (await client.post(`${keysPath}/new`, fields)).text();
    expect(text).toContain('&lt;img src=x&gt;');
    expect(text).not.toContain('<img src=x>');
  });
});

describe('a link', () => {
  test.each([`${keysPath}?done=deleted&pair=main`, '/login?ended=1&signed-out=1'])(
    'cannot show a message: %s',
    async (path) => {
      const client = path.startsWith('/login') ? clientOf(url, '') : await signIn(url, byAlice);
      const text = await (await client.get(path)).text();
      expect(text).toContain('<main');
      expect(text).not.toMatch(/class="notice (?:success|warning|error)"|has ended|signed out|has been deleted/);
    },
  );
});

describe('signing in', () => {
  test.each(['https://evil.example', '//evil.example', '/\\evil.example', '/%2f%2fevil.example'])(
    'redirects to the start page instead of %s',
    async (next) => {
      const { headers } = await sendForm(`${url}/login`, { ...byAlice, next });
      expect(headers.get('location')).toBe(keysPath);
      const page = await (await fetch(`${url}/login?next=${encodeURIComponent(next)}`)).text();
      expect(page).not.toContain('evil');
    },
  );

  test('always creates a new session', async () => {
    const first = await signIn(url, byAlice);
    const again = await sendForm(`${url}/login`, byAlice, { cookie: first.cookie });
    const cookie = cookiesOf(again);
    expect(cookie).not.toBe(first.cookie);
    const tokenOf = (cookies: string) => clientOf(url, cookies).hidden(keysPath, 'form_token');
    expect(await tokenOf(cookie)).not.toBe(await tokenOf(first.cookie));
  });

  test('sets a cookie that scripts and other sites cannot use and that reveals nothing', async () => {
    const answer = await sendForm(`${url}/login`, { method: 'pair', ...pair });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^accesskey-session=/);
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=']) expect(cookie).toContain(attribute);
    expect(cookie).not.toContain(pair.sk);
    expect(Buffer.from(cookie, 'base64').toString('latin1')).not.toContain(pair.ak);
  });

  test('from another site is rejected', async () => {
    for (const headers of [
      { Origin: 'https://evil.example' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'null' },
    ]) {
      expect((await sendForm(`${url}/login`, byAlice, headers)).status).toBe(403);
    }
  });

  test('with wrong credentials is always the same 401 and shares the throttle of the token endpoint', async () => {
    const wrong = { ...pair, sk: '00000000-0000-4000-8000-000000000000' };
    const unknown = { ...wrong, ak: '00000000-0000-4000-8000-000000000001' };
    const texts = new Set<string>();
    for (const one of [wrong, unknown]) {
      const answer = await sendForm(`${url}/login`, { method: 'pair', ...one });
      expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([401, 'AccessKey realm="console"']);
      texts.add((await answer.text()).replace(one.ak, ''));
    }
    expect(texts.size).toBe(1);
    for (let attempt = 0; attempt < 18; attempt += 1) await fetch(tokenUrl(url, wrong));
    const answer = await sendForm(`${url}/login`, { method: 'pair', ...wrong });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await sendForm(`${url}/login`, { method: 'pair', ...pair })).status).toBe(303);
  });

  test('with wrong tokens does not block others behind the same address', async () => {
    const claims = Buffer.from(JSON.stringify({ iss: 'x', sub: 'mallory' })).toString('base64url');
    const wrong = (attempt: number) => sendForm(`${url}/login`, { method: 'token', token: `x.${claims}.${attempt}` });
    const statuses = await Promise.all(Array.from({ length: 40 }, (_, attempt) => wrong(attempt)));
    expect(statuses.map(({ status }) => status)).toContain(429);
    expect((await sendForm(`${url}/login`, byAlice)).status).toBe(303);
  });

  test.each(['', 'no token', 'x'.repeat(60_000), '\u0000', 'eyJhbGciOiJub25lIn0.e30.'])(
    'with the invalid token %o shows an error page',
    async (token) => {
      const answer = await sendForm(`${url}/login`, { method: 'token', token });
      expect([400, 401]).toContain(answer.status);
    },
  );
});

describe('a form', () => {
  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['without the token', { form_token: '' }, {}],
    ['with a token that is made up', { form_token: 'AAAA' }, {}],
    ['from another origin', {}, { Origin: 'https://evil.example' }],
    ['that another site sent', {}, { 'Sec-Fetch-Site': 'cross-site' }],
  ])('%s is rejected without effect', async (_what, fields, headers) => {
    const client = await signIn(url, byAlice);
    const before = await specOf('alice');
    const generation = String(before.metadata.generation);
    const answer = await client.post(`${keysPath}/main/disable`, { generation, ...fields }, headers);
    expect(answer.status).toBe(403);
    expect((await specOf('alice')).spec).toEqual(before.spec);
  });

  test('with the CSRF token of another session is rejected', async () => {
    const [one, two] = [await signIn(url, byAlice), await signIn(url, byAlice)];
    const form_token = await two.hidden(keysPath, 'form_token');
    expect((await one.post(`${keysPath}/main/disable`, { generation: '1', form_token })).status).toBe(403);
  });

  test('sent by a page of another site is rejected', async () => {
    const { page, close } = await setup.open();
    await signInWithToken(page, url, people.alice.token);
    const before = await specOf('alice');
    const attack = `<form method="post" action="${url}${keysPath}/main/disable"><input name="generation" value="1"></form>
<script>document.forms[0].submit()</script>`;
    const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(attack));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const answered = page.waitForResponse((response) => response.url().endsWith('/disable'));
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`).catch(() => undefined);
    expect((await answered).status()).toBe(403);
    expect((await specOf('alice')).spec).toEqual(before.spec);
    server.close();
    await close();
  });

  test.each([
    ['generation', { generation: 'x' }],
    ['generation', { generation: '1e9' }],
    ['nothing', {}],
  ])('with a wrong %s is 400, also for a key in use', async (_field, fields) => {
    await recordUse(setup.cluster.kubectl, 'people', 'alice');
    const client = await signIn(url, byAlice);
    expect((await client.post(`${keysPath}/main/disable`, fields as Record<string, string>)).status).toBe(400);
  });

  test('for a missing or invalid name is 404', async () => {
    const client = await signIn(url, byAlice);
    const { metadata } = await specOf('alice');
    for (const name of ['other', '..%2f..', '%00', "'"]) {
      const answer = await client.post(`${keysPath}/${name}/disable`, { generation: String(metadata.generation) });
      expect([name, answer.status]).toEqual([name, 404]);
    }
  });
});

describe('a session', () => {
  test('is invalid with a modified cookie', async () => {
    const { cookie } = await signIn(url, byAlice);
    const changed = `${cookie.slice(0, -6)}AAAAAA`;
    expect((await clientOf(url, changed).get(keysPath)).status).toBe(303);
  });

  test('of a key pair can access only its own AccessKey', async () => {
    const { kubectl } = setup.cluster;
    await kubectl.run(
      ['create', '-f', '-'],
      JSON.stringify(accessKeyManifest('people', 'zoe', { keyPairs: [{ name: 'hers' }] })),
    );
    await waitReady(kubectl, 'people', 'zoe');
    const before = await specOf('zoe');
    const client = await signIn(url, { method: 'pair', ...pair });
    for (const action of ['disable', 'delete', 'rotate']) {
      const { metadata } = await specOf('alice');
      const answer = await client.post(`${keysPath}/hers/${action}`, { generation: String(metadata.generation) });
      expect(answer.status).toBe(404);
    }
    expect((await specOf('zoe')).spec).toEqual(before.spec);
  });

  test('of a previous pair cannot create anything that stays valid after the overlap', async () => {
    const { kubectl } = setup.cluster;
    const keyPairs = [{ name: 'main', rotation: { overlap: '1h' } }];
    await kubectl.run(['create', '-f', '-'], JSON.stringify(accessKeyManifest('people', 'yan', { keyPairs })));
    await waitReady(kubectl, 'people', 'yan');
    const leaked = await readPair(kubectl, 'people', 'yan-main');
    const path = '/spec/keyPairs/0/revision';
    const raise = JSON.stringify([{ op: 'add', path, value: 2 }]);
    await kubectl.run(['patch', 'accesskey', 'yan', '-n', 'people', '--type=json', '-p', raise]);
    await poll('the rotation', async () => (await readPair(kubectl, 'people', 'yan-main')).ak !== leaked.ak);
    await waitReady(kubectl, 'people', 'yan');
    const before = await specOf('yan');
    await poll('the overlap', async () => (await fetch(tokenUrl(url, leaked))).status === 200);
    const client = await signIn(url, { method: 'pair', ...leaked });
    const generation = String(before.metadata.generation);
    const answers = [
      await client.post(`${keysPath}/main/rotate`, { generation }),
      await client.post(`${keysPath}/main/edit`, { generation, validity: 'custom', date: '2099-01-01' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    for (const answer of answers)
      expect(await answer.text()).toContain('for longer than the key pair that you signed in with');
    expect((await specOf('yan')).spec).toEqual(before.spec);
  });

  test('ends when the Secret with the session key is deleted, and signing in works again', async () => {
    const { cookie } = await signIn(url, byAlice);
    const name = 'accesskey-operator-web-session';
    await setup.cluster.kubectl.run(['delete', 'secret', name, '-n', 'accesskey-system']);
    await poll('the end of the session', async () => (await clientOf(url, cookie).get(keysPath)).status === 303);
    expect((await (await signIn(url, byAlice)).get(keysPath)).status).toBe(200);
  });
});

describe('the permissions of the operator', () => {
  const as = '--as=system:serviceaccount:accesskey-system:accesskey-operator';
  const patch = (body: object, ...more: string[]) =>
    setup.cluster.kubectl.run([
      'patch',
      'accesskey',
      'alice',
      '-n',
      'people',
      '--type=merge',
      '-p',
      JSON.stringify(body),
      as,
      ...more,
    ]);

  test.each<[string, object]>([
    ['spec.user', { spec: { user: { groups: ['system:masters'] } } }],
    ['spec.suspended', { spec: { suspended: true } }],
    ['spec.serviceAccounts', { spec: { serviceAccounts: ['evil'] } }],
    ['spec.keyPairs[].secret', { spec: { keyPairs: [{ name: 'main', secret: { name: 'elsewhere' } }] } }],
    ['metadata', { metadata: { labels: { a: 'b' } } }],
    ['metadata', { metadata: { annotations: { a: 'b' } } }],
    ['metadata', { metadata: { finalizers: ['example.org/a'] } }],
  ])('do not allow a change of %s of an AccessKey', async (field, body) => {
    await expect(patch(body)).rejects.toThrow(field);
  });

  test('allow a change of the key pairs', async () => {
    expect(await patch({ spec: { keyPairs: [{ name: 'main', description: 'by the page' }] } })).toContain('patched');
  });
});

describe('over TLS', () => {
  test('the cookie has the __Host- prefix and is Secure', async () => {
    const { certificate, key } = await makeCertificate('localhost');
    const [certificateFile, keyFile] = [
      join(setup.cluster.directory, 'tls.crt'),
      join(setup.cluster.directory, 'tls.key'),
    ];
    await Promise.all([writeFile(certificateFile, certificate), writeFile(keyFile, key)]);
    const secure = await setup.cluster.startOperator({
      http: { address: '127.0.0.1', port: 0, tls: { certificateFile, keyFile } },
    });
    const { page, problems, close } = await setup.open({ ignoreHTTPSErrors: true, baseURL: secure.url });
    await signInWithToken(page, secure.url, people.alice.token);
    const cookies = await page.context().cookies();
    const session = cookies.find(({ name }) => name === '__Host-accesskey-session');
    expect(session).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1' });
    expect(problems().filter((problem) => !problem.startsWith('request to'))).toEqual([]);
    await close();
    await secure.stop();
  });
});

test('neither the log nor the browser storage contains a token or an sk', async () => {
  const { page, close } = await setup.open();
  await signInWithToken(page, url, people.bob.token);
  const shown = await createKey(page, 'ci');
  const address = page.url();
  const kept = () => page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
  expect(await kept()).toBe('[{},{},""]');
  await page.click('text="I have saved it"');
  await page.waitForURL(`**${keysPath}`);
  // The page was the response to a POST, and the browser has not stored it.
  await expect(page.goBack()).rejects.toThrow('ERR_CACHE_MISS');
  expect(await poll('the previous page', () => page.content())).not.toContain(shown.sk);
  await page.goto(url + keysPath);
  expect(await kept()).toBe('[{},{},""]');
  expect(address).not.toContain(shown.sk);
  expect((await (await signIn(url, { method: 'token', token: people.bob.token })).get(`${keysPath}/new`)).status).toBe(
    200,
  );
  const output = setup.cluster.operatorOutput().join('\n');
  expect(output).toContain('web.pair-shown');
  for (const secret of [shown.sk, pair.sk, ...Object.values(people).map(({ token }) => token)]) {
    expect(output).not.toContain(secret);
  }
  await close();
});

describe('nothing that a client sends causes a 5xx:', () => {
  const values = ['\0', '💥', '__proto__', '%00', '9'.repeat(30), 'x'.repeat(500), '{"a":[]}', `'"<>&`, '0000-00-00'];
  const key = `${keysPath}/main`;
  const paths = [
    ...['/', '/login', '/login/sso', '/login/callback', '/docs', '/platform-settings', '/deployments', '/nothing'],
    ...[keysPath, `${keysPath}/new`, `${key}/edit`, `${key}/rotate`, `${key}/delete`, `${keysPath}/key-pairs.csv`],
    ...['/personal-center/profile', '/personal-center/use', '/deployments/kpanda-global-cluster/shop/web'],
  ];
  const forms = {
    '/login': ['method', 'token', 'ak', 'sk', 'next'],
    [`${keysPath}/new`]: [
      'form_id',
      'generation',
      'namespace',
      'groups',
      'description',
      'validity',
      'date',
      'interval',
    ],
    [`${key}/edit`]: [
      ...['name', 'description', 'validity', 'date', 'overlap', 'interval', 'maxOverlap', 'tokenLifetime'],
      ...['allowedCIDRs', 'tokenKey', 'tokenValidFor', 'tokenAudience', 'audiences', 'base_expiresAt', 'base_overlap'],
    ],
    [`${key}/rotate`]: ['form_id', 'generation', 'overlap', 'confirmed'],
    [`${keysPath}/reveal`]: ['ticket', 'form_id'],
    '/personal-center/use': ['ak', 'sk'],
    '/logout': ['form_token'],
  };

  /** @returns the requests that caused a 5xx */
  async function failuresOf(requests: Record<string, () => Promise<Response>>): Promise<string[]> {
    const failures: string[] = [];
    for (const [what, send] of Object.entries(requests)) {
      const { status, body } = await send();
      await body?.cancel();
      if (status >= 500) failures.push(`${status} ${what}`);
    }
    return failures;
  }

  test('a parameter', async () => {
    const client = await signIn(url, byAlice);
    const names = [
      ...['next', 'method', 'page', 'size', 'sort', 'cluster', 'namespace', 'search'],
      ...['state', 'code', 'error', 'iss', 'fragment'],
    ];
    const requests = values.flatMap((value) => {
      const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, value])));
      const preferences = new URLSearchParams({ lang: value, theme: value });
      return paths.flatMap((path) =>
        [query, preferences].map((one) => [`${path}?${one}`, () => client.get(`${path}?${one}`)] as const),
      );
    });
    expect(await failuresOf(Object.fromEntries(requests))).toEqual([]);
  });

  test('a form field', async () => {
    const client = await signIn(url, byAlice);
    const form_token = await client.hidden(`${keysPath}/new`, 'form_token');
    expect(form_token).not.toBe('');
    const requests = Object.entries(forms).flatMap(([path, names]) =>
      names.flatMap((name) =>
        values.map((value) => {
          const fields = { form_token, generation: '1', [name]: value };
          return [`${path} ${name} ${value}`, () => sendForm(url + path, fields, { cookie: client.cookie })] as const;
        }),
      ),
    );
    expect(await failuresOf(Object.fromEntries(requests))).toEqual([]);
  });

  test('a header or cookie, without and with a session', async () => {
    const { cookie: session } = await signIn(url, byAlice);
    const cookies = ['flash', 'shown', 'sign-in-a', 'language', 'theme'].map((name) => `accesskey-${name}`);
    const texts = ['', 'a.b.c.d.e', 'eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA', 'x'.repeat(2000), ',;=', '%zz', '\u00e9'];
    const names = ['Accept', 'Accept-Language', 'Authorization', 'X-Forwarded-For', 'Origin', 'If-None-Match'];
    const requests = texts.flatMap((text) =>
      paths.flatMap((path) => {
        const cookie = cookies.map((name) => `${name}=${text}`).join('; ');
        const invalid = `accesskey-session=${text}; ${cookie}`;
        const headers = Object.fromEntries([...names, 'X-Request-Id', 'Sec-Fetch-Site'].map((name) => [name, text]));
        const get = (init: Record<string, string>) => () => fetch(url + path, { headers: init, redirect: 'manual' });
        return [
          [`${path} cookie ${text}`, get({ cookie: invalid })] as const,
          [`${path} cookie with a session ${text}`, get({ cookie: `${cookie}; ${session}` })] as const,
          [`${path} header ${text}`, get(headers)] as const,
          [`${path} header with a session ${text}`, get({ ...headers, cookie: session })] as const,
        ];
      }),
    );
    expect(await failuresOf(Object.fromEntries(requests))).toEqual([]);
  });
});
