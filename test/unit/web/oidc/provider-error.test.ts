import { errors } from 'jose';
import { expect, it } from 'vitest';
import { toProviderError } from '../../../../src/web/oidc/provider-error.ts';

it('has the message of a library for tokens, but not that of an unexpected error', () => {
  expect(toProviderError(new errors.JWTInvalid('JWT is not valid'))).toMatchObject({ message: 'JWT is not valid' });
  const error = toProviderError(new TypeError('Headers.append: "secret" is an invalid header value.'));
  expect(error).toMatchObject({ failure: 'invalid', message: 'unexpected TypeError' });
});
