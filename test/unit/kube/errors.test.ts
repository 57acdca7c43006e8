import { describe, expect, it } from 'vitest';
import {
  ConnectionError,
  describeError,
  errorFromResponse,
  ifFound,
  isStatus,
  KubernetesError,
  retryAfterOf,
} from '../../../src/kube/errors.ts';

const value = '5ec5e70f-0000-4000-8000-000000000001';
/** Shares no piece with `value`. */
const notSent = 'c0ffee12-3456-4789-abcd-98765432100f';
const status = (reason: string, message: string) =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message });

describe('errorFromResponse', () => {
  it.each([
    [401, 'Unauthorized'],
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [405, 'MethodNotAllowed'],
    [409, 'AlreadyExists'],
    [410, 'Expired'],
    [429, 'TooManyRequests'],
    [500, 'InternalError'],
    [503, 'ServiceUnavailable'],
    [504, 'Timeout'],
  ])('keeps the message of a %d', (code, reason) => {
    const error = errorFromResponse('GET /api/v1/secrets', { status: code, body: status(reason, 'because') });
    expect(error).toBeInstanceOf(KubernetesError);
    expect(error).toMatchObject({ name: 'KubernetesError', status: code, reason, retryAfterMs: 0 });
    expect(error.message).toBe(`GET /api/v1/secrets: ${code} ${reason}: because`);
  });

  it.each([400, 406, 415, 422, 413, 418, 501, 502])('keeps only the reason of a %d', (code) => {
    const message = `Secret "x" is invalid: stringData.sk: Invalid value: "${value}"`;
    const error = errorFromResponse('PATCH /x', { status: code, body: status('Invalid', message) });
    expect(error.message).toBe(`PATCH /x: ${code} Invalid`);
    expect(error.denied).toBe(false);
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(value);
  });

  it.each([
    [
      422,
      `secrets "x" is forbidden: ValidatingAdmissionPolicy 'team' with binding 'all' denied request: no label team`,
    ],
    [
      413,
      `secrets "x" is forbidden: ValidatingAdmissionPolicy 'team' with binding 'all' denied request: no label team`,
    ],
    [400, 'admission webhook "team.example.com" denied the request: no label team'],
    [400, 'admission webhook "team.example.com" denied the request without explanation'],
  ])('keeps the text of an admission policy or webhook in a %d: %s', (code, message) => {
    const error = errorFromResponse('POST /x', { status: code, body: status('Invalid', message) });
    expect(error.message).toBe(`POST /x: ${code} Invalid: ${message}`);
    expect(error.denied).toBe(true);
  });

  it.each([
    ['encoded', Buffer.from(value).toString('base64')],
    ['encoded and cut off', Buffer.from(value).toString('base64').slice(0, 20)],
    ['decoded', value],
    ['cut off', value.slice(0, 20)],
    ['in the middle of a word', `x${value.slice(3, 30)}y`],
    ['of a Secret that was not sent', Buffer.from(notSent).toString('base64')],
    ['of a Secret that was not sent, decoded', notSent],
    ['of a Secret that was not sent, decoded and cut off', notSent.slice(0, 20)],
  ])('masks a value in the text of a webhook: %s', (_, repeated) => {
    const text = `admission webhook "w" denied the request: data.sk is ${repeated}, which is weak`;
    const requests = [{ data: { sk: Buffer.from(value).toString('base64'), ak: null } }, { stringData: { sk: value } }];
    for (const [code, request] of [400, 403, 422].flatMap((one) => requests.map((other) => [one, other] as const))) {
      const response = { status: code, body: status('Forbidden', text), sent: JSON.stringify(request) };
      const { message } = errorFromResponse('POST /x', response);
      expect(message).toMatch(/denied the request: data\.sk is \[redacted\], which is weak$/);
    }
  });

  it.each([
    ['pass', '[redacted]'],
    ['secret7', '[redacted]'],
    ['abc', 'abc'],
  ])('masks a short value of at least four characters: %s', (short, shown) => {
    const sent = JSON.stringify({ stringData: { password: short } });
    const text = `admission webhook "w" denied the request: "${short}" is weak`;
    const error = errorFromResponse('POST /x', { status: 400, body: status('BadRequest', text), sent });
    expect(error.message.endsWith(`: "${shown}" is weak`)).toBe(true);
  });

  it.each([
    ['empty', ''],
    ['text', `404 page ${value} not found`],
    ['truncated JSON', `{"message":"${value}`],
    ['a list', `["${value}"]`],
    ['a JSON string', `"${value}"`],
    ['null', 'null'],
    ['an object that is not a Status', `{"error":"${value}"}`],
  ])('repeats nothing of a body that is %s', (_, body) => {
    const error = errorFromResponse('GET /x', { status: 404, body });
    expect(error).toMatchObject({ status: 404, reason: '' });
    expect(error.message).toBe('GET /x: 404');
  });

  it('repeats invalid values only if the caller asks for it', () => {
    const response = { status: 422, body: status('Invalid', `spec.x: Invalid value: "${value}"`) };
    expect(errorFromResponse('POST /x', response).message).toBe('POST /x: 422 Invalid');
    const { message } = errorFromResponse('POST /x', { ...response, repeatsValues: true });
    expect(message).toBe(`POST /x: 422 Invalid: spec.x: Invalid value: "${value}"`);
  });

  it('truncates an overlong message and reason of an untrusted API server', () => {
    const error = errorFromResponse('GET /x', { status: 500, body: status('r'.repeat(100_000), 'm'.repeat(100_000)) });
    expect(error.message.length).toBeLessThan(5_000);
    expect(error.reason.length).toBeLessThan(2_500);
  });

  it.each(['{"message":{"toString":1},"reason":{"toString":1}}', '{"message":[],"reason":7}', '7', 'null'])(
    'ignores a body that is not a Status: %s',
    (body) => {
      expect(errorFromResponse('GET /x', { status: 500, body })).toMatchObject({ message: 'GET /x: 500', reason: '' });
    },
  );

  it('keeps the message of a Status without a reason', () => {
    const error = errorFromResponse('GET /x', {
      status: 500,
      body: JSON.stringify({ message: 'etcd is unavailable' }),
    });
    expect(error.message).toBe('GET /x: 500: etcd is unavailable');
  });

  it.each([
    [undefined, 0],
    ['1', 1000],
    ['30', 30_000],
    ['60', 60_000],
    ['61', 60_000],
    ['3000000', 60_000],
    ['0', 0],
    ['-5', 0],
    ['', 0],
    ['soon', 0],
    ['Infinity', 0],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 0],
  ])('converts Retry-After %s to %d ms', (retryAfter, retryAfterMs) => {
    expect(errorFromResponse('GET /x', { status: 429, body: '', retryAfter }).retryAfterMs).toBe(retryAfterMs);
  });
});

describe('isStatus', () => {
  const error = new KubernetesError('gone', { status: 404, reason: 'NotFound' });
  it.each([
    [error, 404, true],
    [error, 409, false],
    [new KubernetesError('denied by a webhook', { status: 404, denied: true }), 404, false],
    [new ConnectionError('404'), 404, false],
    [{ status: 404 }, 404, false],
    [undefined, 404, false],
  ])('for %s and %d returns %s', (thrown, code, is) => {
    expect(isStatus(thrown, code)).toBe(is);
  });
});

describe('ifFound', () => {
  const failing = (code: number) => Promise.reject(new KubernetesError(`GET: ${code}`, { status: code }));

  it('returns what was found, and undefined for a 404', async () => {
    expect([await ifFound(Promise.resolve('a')), await ifFound(failing(404))]).toEqual(['a', undefined]);
  });

  it('throws any other error', async () => {
    await expect(ifFound(failing(403))).rejects.toThrow('GET: 403');
  });
});

describe('retryAfterOf', () => {
  it.each([
    [errorFromResponse('GET /api', { status: 429, body: '', retryAfter: '7' }), 7_000],
    [errorFromResponse('GET /api', { status: 500, body: '' }), 0],
    [new ConnectionError('no answer'), 0],
    ['text', 0],
  ])('of %s is %i ms', (error, milliseconds) => {
    expect(retryAfterOf(error)).toBe(milliseconds);
  });
});

describe('describeError', () => {
  const socket = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6443'), { code: 'ECONNREFUSED' });
  it.each([
    [new Error('no'), 'no'],
    [new ConnectionError('no answer', { cause: socket }), 'no answer: connect ECONNREFUSED 127.0.0.1:6443'],
    [new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'a: b: c'],
    [
      new ConnectionError('no answer', { cause: new AggregateError([socket, new Error('v6')]) }),
      'no answer: connect ECONNREFUSED 127.0.0.1:6443; v6',
    ],
    [new AggregateError([socket], 'all failed'), 'all failed'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('describes %s as %s', (error, text) => {
    expect(describeError(error)).toBe(text);
  });

  it('does not contain a stack trace', () => {
    expect(describeError(new Error('no'))).not.toContain('errors.test.ts');
  });
});
