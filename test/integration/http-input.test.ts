import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorProcess } from '../../tools/operator-process.ts';
import { startTestCluster, type TestCluster } from '../support/cluster.ts';
import {
  accessKeyManifest,
  createNamespace,
  createPair,
  deploymentsPath,
  type ErrorAnswer,
  getToken,
  listDeployments,
  type Pair,
  tokenPath,
} from '../support/platform.ts';

let cluster: TestCluster;
let operator: OperatorProcess;
let pair: Pair;
let token: string;

beforeAll(async () => {
  cluster = await startTestCluster();
  operator = await cluster.startOperator();
  await createNamespace(cluster.kubectl, 'people');
  await cluster.kubectl.run(['create', 'clusterrolebinding', 'alice', '--clusterrole=view', '--user=alice']);
  pair = await createPair(cluster.kubectl, accessKeyManifest('people', 'alice'));
  token = await getToken(operator.url, pair);
});
afterAll(() => cluster?.stop());

/** Checks that the error has the platform's form and names the parameter. */
async function expectBadRequest(answer: Response, field: string, description: RegExp): Promise<void> {
  const body = (await answer.json()) as ErrorAnswer;
  expect(answer.status, body.message).toBe(400);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(body.code).toBe(3);
  expect(body.message).toContain(`${field}: `);
  expect(body.details[0]?.fieldViolations).toContainEqual({ field, description: expect.stringMatching(description) });
  expect(body.message).not.toContain(pair.sk);
}

describe('the token endpoint', () => {
  const ask = (query: string) =>
    fetch(`${operator.url}${tokenPath}?${query.replaceAll('AK', pair.ak).replaceAll('SK', pair.sk)}`);

  test.each(['0', '-1', '1.5', 'abc', '99999999999', '31', '+1', '0x1', '1e1', '%201', '%00', '١'])(
    'rejects cycle=%s',
    async (cycle) => {
      await expectBadRequest(await ask(`ak=AK&sk=SK&cycle=${cycle}`), 'cycle', /whole number from 1 to 30/);
    },
  );

  test.each([
    ['1', 1],
    ['3', 3],
    ['30', 30],
    ['007', 7],
    ['', 3],
  ])('accepts cycle=%s as %d days', async (cycle, days) => {
    const answer = await ask(`ak=AK&sk=SK&cycle=${cycle}`);
    expect(answer.status).toBe(200);
    const [, payload = ''] = ((await answer.json()) as { token: string }).token.split('.');
    const { iat, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(exp - iat).toBe(days * 86_400);
  });

  test.each([
    ['cycle twice', 'ak=AK&sk=SK&cycle=1&cycle=2', 'cycle', /only once/],
    ['ak missing', 'sk=SK', 'ak', /required/],
    ['sk missing', 'ak=AK', 'sk', /required/],
    ['ak empty', 'ak=&sk=SK', 'ak', /empty/],
    ['sk empty', 'ak=AK&sk=', 'sk', /empty/],
    ['ak twice', 'ak=AK&ak=AK&sk=SK', 'ak', /only once/],
    ['sk twice', 'ak=AK&sk=SK&sk=SK', 'sk', /only once/],
    ['an sk that is far too long', `ak=AK&sk=${'x'.repeat(4_000)}`, 'sk', /256 characters/],
    ['an unknown parameter', 'ak=AK&sk=SK&cycles=1', 'cycles', /unknown parameter/],
  ])('rejects %s', async (_what, query, field, description) => {
    await expectBadRequest(await ask(query), field, description);
  });

  test('names every invalid parameter', async () => {
    const body = (await (await ask('cycle=x')).json()) as ErrorAnswer;
    expect(body.details[0]?.fieldViolations.map(({ field }) => field).sort()).toEqual(['ak', 'cycle', 'sk']);
  });

  test('answers unknown ak, wrong sk, swapped and malformed pairs with the same 401', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000';
    const answers = await Promise.all(
      [`ak=${nobody}&sk=SK`, `ak=AK&sk=${nobody}`, 'ak=SK&sk=AK', 'ak=x&sk=y', 'ak=AK%00&sk=SK'].map(ask),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    expect(new Set(bodies).size).toBe(1);
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ code: 16, message: expect.any(String), details: [] });
    expect(answers[0]?.headers.get('www-authenticate')).toBe('AccessKey realm="ghippo.io"');
  });

  test('never logs an sk', async () => {
    await ask('ak=SK&sk=AK');
    await fetch(`${operator.url}/${pair.sk}?sk=${pair.sk}`);
    await fetch(`${operator.url}${tokenPath}/${pair.sk.replaceAll('-', '')}?${pair.sk}=1`);
    const url = `${operator.url}${deploymentsPath}?sk=${pair.sk}`;
    const last = await fetch(url, { headers: { 'x-request-id': pair.sk } });
    await operator.logged(String(last.headers.get('x-request-id')));
    const output = operator.output.join('\n');
    expect(output).not.toContain(pair.sk);
    expect(output).not.toContain(pair.sk.replaceAll('-', ''));
    expect(output).not.toContain(token);
  });
});

describe('the listing', () => {
  test.each([
    ['page=0', 'page', /from 1/],
    ['page=-1', 'page', /from 1/],
    ['page=abc', 'page', /whole number/],
    ['page=1&page=2', 'page', /only once/],
    ['pageSize=0', 'pageSize', /from 1 to 500/],
    ['pageSize=501', 'pageSize', /from 1 to 500/],
    ['pageSize=1.5', 'pageSize', /whole number/],
    ['phases=Running', 'phases', /unknown parameter/],
    ['labelselector=a%3Db', 'labelselector', /unknown parameter/],
  ])('rejects %s instead of ignoring it', async (query, field, description) => {
    await expectBadRequest(await listDeployments(operator.url, token, `?${query}`), field, description);
  });

  test.each(['page=1&pageSize=500', 'pageSize=1', 'page=&name=&phase=', ''])('accepts %s', async (query) => {
    expect((await listDeployments(operator.url, token, `?${query}`)).status).toBe(200);
  });
});

test('an unknown path is 404 in the error form', async () => {
  for (const path of ['/nothing', '/apis', '/apis/kpanda.io/v1alpha1', '/%2e%2e/etc/passwd']) {
    const answer = await fetch(`${operator.url}${path}`);
    expect(answer.status, path).toBe(404);
    expect(await answer.json(), path).toEqual({ code: 5, message: 'path not found', details: [] });
  }
});

describe('the Authorization header', () => {
  /** @returns the status of a request with exactly these header lines */
  async function statusOf(path: string, ...lines: string[]): Promise<string | undefined> {
    const { host, port } = new URL(operator.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write([`GET ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines, '', ''].join('\r\n'));
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text.split(' ')[1];
  }
  const digest = 'Authorization: Digest username="x", realm="y"';

  test('with commas in another scheme is one header: 401 without a pair, ignored with one', async () => {
    expect(await statusOf('/oauth2/auth', digest)).toBe('401');
    expect(await statusOf(`${tokenPath}?ak=${pair.ak}&sk=${pair.sk}`, digest)).toBe('200');
  });

  test('is rejected if it is repeated', async () => {
    const bearer = `Authorization: Bearer ${token}`;
    expect(await statusOf('/oauth2/auth', bearer)).toBe('200');
    expect(await statusOf('/oauth2/auth', bearer, bearer)).toBe('401');
    expect(await statusOf(deploymentsPath, bearer, 'authorization: Bearer x')).toBe('400');
  });

  test('is not bypassed by a path with dot segments', async () => {
    expect(await statusOf('/oauth2/auth/admin/../../../.well-known/jwks.json')).toBe('400');
  });
});

test('broken HTTP does not crash the operator', async () => {
  for (const bytes of [
    'GARBAGE\r\n\r\n',
    `GET ${'/x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
    'GET / HTTP/1.1\r\nHost: %%\r\n\r\n',
  ]) {
    const socket = connect(Number(new URL(operator.url).port), '127.0.0.1');
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
        socket.end();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', () => resolve(text));
      socket.write(bytes);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d/);
  }
  expect((await fetch(`${operator.healthUrl}/readyz`)).status).toBe(200);
});
