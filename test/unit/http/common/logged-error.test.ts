import { describe, expect, it } from 'vitest';
import { toLoggedError } from '../../../../src/http/common/logged-error.ts';
import { ConnectionError } from '../../../../src/kube/errors.ts';

const secret = 'a-secret';
/** Returns the error of code that fails. */
function errorOf(fail: () => unknown): unknown {
  try {
    return fail();
  } catch (error) {
    return error;
  }
}

describe('toLoggedError', () => {
  it.each([
    ['a URL', () => new URL(`http://10.0.0.256/?sk=${secret}`), 'TypeError ERR_INVALID_URL'],
    ['a Request', () => new Request(`http://10.0.0.256/?sk=${secret}`), /^TypeError/],
    ['a header', () => new Headers({ a: `${secret}\0` }), 'TypeError'],
    ['JSON', () => JSON.parse(`${secret}: x`), 'SyntaxError'],
    ['a message of several lines', () => new Error(`first\n    at ${secret}\n    at ${secret}`), 'Error'],
    [
      'a changed message and name',
      () => Object.assign(new RangeError(secret), { message: 'x', name: secret }),
      'RangeError',
    ],
    ['a cause', () => new Error(secret, { cause: new TypeError(secret) }), 'Error: TypeError'],
    ['an invented code', () => Object.assign(new Error(secret), { code: secret }), 'Error'],
  ])('does not contain a secret in the error of %s', (_, fail, type) => {
    const logged = toLoggedError(errorOf(fail));
    expect(logged.error).toMatch(type);
    expect(logged.stack).toMatch(/^ {4}at /);
    expect(JSON.stringify(logged)).not.toContain(secret);
  });

  it('contains the type of a thrown value that is not an error', () => {
    expect(toLoggedError(secret)).toEqual({ error: 'thrown string' });
  });

  it('contains the message of an unavailable cluster and its cause, without a stack', () => {
    const cause = new Error('connect ECONNREFUSED');
    expect(toLoggedError(new ConnectionError('no response', { cause }))).toEqual({
      error: 'no response: connect ECONNREFUSED',
    });
  });
});
