import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { accessKey } from '../../../support/builders.ts';
import { ak, basic, createPlatform, form, sk, tokenPaths } from '../support.ts';

const [path] = tokenPaths;
const day = 86_400;
const formHeader = { 'content-type': 'application/x-www-form-urlencoded' };
const authorization = basic(ak, sk);
const onlyForm = 'Content-Type: must be application/x-www-form-urlencoded or application/json, in UTF-8';

function json(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text };
}

describe.each(tokenPaths)('%s', (path) => {
  it.each<[string, string, RequestInit, number]>([
    ['POST form', '', form({ ak, sk }), 3],
    ['POST form with a cycle', '', form({ ak, sk, cycle: '2' }), 2],
    ['POST form with a cycle in the query', '?cycle=2', form({ ak, sk }), 2],
    ['POST form with an empty cycle', '', form({ ak, sk, cycle: '' }), 3],
    ['POST form with an empty cycle in the query', '?cycle=', form({ ak, sk }), 3],
    ['POST JSON with an empty cycle', '', json({ ak, sk, cycle: '' }), 3],
    ['POST form in UTF-8', '', form({ ak, sk }, { 'content-type': `${formHeader['content-type']}; charset=UTF-8` }), 3],
    ['POST JSON', '', json({ ak, sk }), 3],
    ['POST JSON with a number', '', json({ ak, sk, cycle: 5 }), 5],
    ['POST JSON with digits', '', json({ ak, sk, cycle: '5' }), 5],
    ['POST JSON in UTF-8', '', json({ ak, sk }, { 'content-type': 'Application/JSON;charset="utf-8"' }), 3],
    ['GET Basic', '', { headers: { authorization } }, 3],
    ['GET Basic with a cycle', '?cycle=7', { headers: { authorization } }, 7],
    ['POST Basic without a body', '?cycle=7', { method: 'POST', headers: { authorization } }, 7],
    ['POST Basic and a form', '', form({ cycle: '4' }, { authorization }), 4],
    ['POST Basic and JSON', '', json({ cycle: 4 }, { authorization }), 4],
    ['GET with a key pair and another scheme', `?ak=${ak}&sk=${sk}`, { headers: { authorization: 'Bearer x' } }, 3],
  ])('issues a token for %s', async (_, query, init, days) => {
    const { send, uses } = await createPlatform();
    const answer = await send(path + query, init);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get('Cache-Control')).toBe('no-store');
    const { token, ...rest } = answer.json<{ token: string }>();
    expect(rest).toEqual({});
    const { iat = 0, exp = 0, client_id } = decodeJwt(token);
    expect([exp - iat, client_id]).toEqual([days * day, ak]);
    expect(uses).toMatchObject([{ id: 'uid-of-shop-ann', clientId: ak, pairName: 'main' }]);
  });

  it.each([
    ['', 3_600],
    ['?cycle=', 3_600],
    ['?cycle=2', 2 * day],
  ])('uses tokenLifetime of the key pair only for a request without a cycle: %j', async (query, seconds) => {
    const of = accessKey({ keyPairs: [{ name: 'main', tokenLifetime: '1h' }] });
    const { send } = await createPlatform({ of });
    const { token } = (await send(path + query, form({ ak, sk }))).json<{ token: string }>();
    const { iat = 0, exp = 0 } = decodeJwt(token);
    expect(exp - iat).toBe(seconds);
  });

  it('selects an audience of the AccessKey', async () => {
    const ann = accessKey();
    const { send } = await createPlatform({ of: { ...ann, spec: { ...ann.spec, audiences: ['shop'] } } });
    const audienceOf = async (query: string, init: RequestInit) =>
      decodeJwt((await send(path + query, init)).json<{ token: string }>().token).aud;
    expect(await audienceOf('?audience=shop', form({ ak, sk }))).toBe('shop');
    expect(await audienceOf('', json({ ak, sk, audience: 'shop' }))).toBe('shop');
    expect(await audienceOf('', form({ ak, sk, audience: '' }))).toBeUndefined();
    const unknown = await send(`${path}?ak=${ak}&sk=${sk}&audience=x`);
    const description = 'must be the configured audience or one of spec.audiences of the AccessKey';
    expect([unknown.status, unknown.json().details[0]?.fieldViolations]).toEqual([
      400,
      [{ field: 'audience', description }],
    ]);
    const twice = await send(`${path}?audience=shop`, form({ ak, sk, audience: 'shop' }));
    expect([twice.status, twice.json().message]).toEqual([400, 'audience: must be given only once']);
  });

  it('returns the same for HEAD as for GET', async () => {
    const { send } = await createPlatform();
    const answer = await send(`${path}?ak=${ak}&sk=${sk}`, { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect((await send(`${path}?ak=${ak}&sk=x`, { method: 'HEAD' })).status).toBe(401);
  });

  it('issues and signs no token for HEAD, and records the key pair that was checked', async () => {
    const results: string[] = [];
    const tokenMetrics = { requested: (one: string) => results.push(one), signed: () => results.push('signed') };
    const { send, logged } = await createPlatform({ tokenMetrics });
    await send(`${path}?ak=${ak}&sk=${sk}`, { method: 'HEAD' });
    await send(`${path}?ak=${ak}&sk=x`, { method: 'HEAD' });
    await send(`${path}?ak=guess&sk=x`, { method: 'HEAD' });
    expect(results).toEqual([]);
    const [valid, wrong, unknown] = logged();
    expect(valid).toMatchObject({ audit: true, event: 'pair.authenticated', ak, pairName: 'main', user: 'ann' });
    expect(wrong).toMatchObject({ audit: true, event: 'pair.refused', refused: 'wrong secret key', ak });
    expect(unknown).toMatchObject({ audit: true, event: 'pair.refused', refused: 'unknown access key' });
    expect(JSON.stringify(logged())).not.toContain('guess');
  });
});

describe('an invalid request', () => {
  it.each<[string, string, RequestInit, string]>([
    ['Basic and ak', `?ak=${ak}`, { headers: { authorization } }, 'ak: must not be combined with'],
    ['Basic and sk', `?sk=${sk}`, { headers: { authorization } }, 'sk: must not be combined with'],
    ['Basic and a form', '', form({ ak, sk }, { authorization }), 'ak: must not be combined with'],
    ['Basic and JSON', '', json({ sk }, { authorization }), 'sk: must not be combined with'],
    ['ak in the query of a POST', `?ak=${ak}`, form({ sk }), 'ak: must not be in the query'],
    ['sk in the query of a POST', `?sk=${sk}`, json({ ak }), 'sk: must not be in the query'],
    ['cycle in the query and the body', '?cycle=1', form({ ak, sk, cycle: '1' }), 'cycle: must be given only once'],
    ['ak twice in a form', '', form(`ak=${ak}&ak=${ak}&sk=${sk}`), 'ak: must be given only once'],
    ['sk twice in JSON', '', json(`{"ak":"${ak}","sk":"${sk}","sk":"x"}`), 'sk: must be given only once'],
    ['sk twice, escaped', '', json(`{"ak":"${ak}","sk":"${sk}","\\u0073k":"x"}`), 'sk: must be given only once'],
    ['an unknown parameter in a form', '', form({ ak, sk, cycles: '1' }), 'cycles: unknown parameter'],
    ['an unknown parameter in JSON', '', json({ ak, sk, user: 'x' }), 'user: unknown parameter'],
    ['__proto__ in JSON', '', json(`{"ak":"${ak}","sk":"${sk}","__proto__":"x"}`), '__proto__: unknown parameter'],
    ['a list as ak', '', json({ ak: [ak], sk }), 'ak: must be text'],
    ['null as sk', '', json({ ak, sk: null }), 'sk: must be text'],
    ['an object as sk', '', json({ ak, sk: { key: sk } }), 'sk: must be text'],
    ['half a day', '', json({ ak, sk, cycle: 1.5 }), 'cycle: must be a whole number'],
    ['true as cycle', '', json({ ak, sk, cycle: true }), 'cycle: must be a whole number'],
    ['invalid JSON', '', json(`{"ak":"${ak}","sk":"${sk}"`), 'body: must be JSON'],
    ['a list', '', json([ak, sk]), 'body: must be a JSON object'],
    ['null', '', json('null'), 'body: must be a JSON object'],
    ['bytes that are not UTF-8', '', { ...form({}), body: Buffer.from('ak=\xff', 'latin1') }, 'body: must be UTF-8'],
    ['an empty form', '', form({}), 'ak: is required; sk: is required'],
    ['no body', '', { method: 'POST' }, 'ak: is required; sk: is required'],
    ['Basic without an sk', '', { headers: { authorization: basic(ak, '') } }, 'sk: must not be empty'],
    [
      'Basic without a colon',
      '',
      { headers: { authorization: `Basic ${btoa('x')}` } },
      'Authorization: must be Basic followed by the Base64',
    ],
    [
      'Basic that is not Base64',
      '',
      { headers: { authorization: 'Basic %%' } },
      'Authorization: must be Basic followed by the Base64',
    ],
    [
      'Basic without credentials',
      '',
      { headers: { authorization: 'Basic' } },
      'Authorization: must be Basic followed by the Base64',
    ],
    [
      'Basic that is not UTF-8',
      '',
      { headers: { authorization: `Basic ${btoa('\xff:x')}` } },
      'Authorization: must be Basic followed by the Base64',
    ],
    [
      'two Authorization headers',
      '',
      { headers: { authorization: `${authorization}, ${authorization}` } },
      'Authorization: must be given only once',
    ],
  ])('returns 400: %s', async (_, query, init, message) => {
    const { send, log } = await createPlatform();
    const answer = await send(path + query, init);
    expect(answer.status, answer.text).toBe(400);
    const { code, message: actual, details } = answer.json();
    expect(code).toBe(3);
    expect(actual).toContain(message);
    expect(details[0]?.fieldViolations[0]?.field).toBe(message.slice(0, message.indexOf(':')));
    for (const text of [answer.text, log()]) {
      for (const secret of [sk, authorization.slice(6)]) expect(text).not.toContain(secret);
    }
  });

  it.each([
    ['text/plain', {}],
    ['application/json; charset=utf-16', {}],
    ['application/json; charset=unknown', {}],
    ['application/json, application/json', {}],
    ['application/jsonp', {}],
    ['multipart/form-data; boundary=x', {}],
    [`application/json;${' '.repeat(300)}x=1`, {}],
    ['application/json', { 'content-encoding': 'gzip' }],
    ['', {}],
  ])('returns 415 for a body of type %j %j', async (type, headers) => {
    const { send } = await createPlatform();
    const answer = await send(path, json({ ak, sk }, { 'content-type': type, ...headers }));
    expect(answer.status).toBe(415);
    const isEncoded = 'content-encoding' in headers;
    const message = isEncoded ? 'Content-Encoding: must be identity' : onlyForm;
    expect(answer.json()).toEqual({ code: 3, message, details: [] });
    expect(answer.headers.get('Accept-Encoding')).toBe(isEncoded ? 'identity' : null);
  });

  it.each([
    ['application/json;', {}],
    ['application/json; ', {}],
    ['application/json; charset=utf8', {}],
    ['APPLICATION/JSON;Charset="UTF8"', {}],
    ['application/json; charset=unicode-1-1-utf-8', {}],
    ['application/json; odata=verbose; charset=UTF-8; x="a;b"', {}],
    ['application/json', { 'content-encoding': 'identity' }],
    ['application/json', { 'content-encoding': '' }],
    ['application/json; charset=ISO-8859-1', {}],
    ['application/json; charset=US-ASCII', {}],
  ])('accepts a body of type %j %j', async (type, headers) => {
    const { send } = await createPlatform();
    expect((await send(path, json({ ak, sk }, { 'content-type': type, ...headers }))).status).toBe(200);
  });

  it('is accepted as ISO-8859-1 only if it is ASCII', async () => {
    const { send } = await createPlatform();
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=ISO-8859-1' };
    expect((await send(path, form({ ak, sk }, headers))).status).toBe(200);
    const accented = { ...form({}, headers), body: Buffer.from(`ak=${ak}&sk=\xfc`, 'latin1') };
    expect((await send(path, accented)).status).toBe(415);
  });

  it('is counted once as invalid', async () => {
    const results: string[] = [];
    const tokenMetrics = { requested: (result: string) => void results.push(result), signed: () => undefined };
    const { send } = await createPlatform({ tokenMetrics });
    await send(path, json('['));
    await send(path, json({}, { 'content-type': 'text/plain' }));
    expect(results).toEqual(['invalid', 'invalid']);
  });
});
