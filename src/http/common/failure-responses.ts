import { PlatformError, unauthenticated, violation } from './errors.ts';
import { failure } from './responses.ts';

/** A 503. */
export const unavailable = failure(
  'Not ready yet, or the cluster cannot be asked',
  new PlatformError('unavailable', 'the cluster cannot be asked now, try again'),
);

/** A 503 of what needs the signing keys and nothing else. */
export const withoutKeys = failure(
  'Not ready yet',
  new PlatformError('unavailable', 'the signing keys are not loaded yet'),
);

/** The errors that every route with a bearer token has. */
export const callerFailures = {
  401: failure('No valid token', unauthenticated('Authorization: the token is not valid', 'Bearer')),
  503: unavailable,
};

/** A 400 whose example is about one parameter. */
export const badParameter = (field: string, description: string) =>
  failure('A parameter is missing or wrong', violation(field, description));

/** A 403. */
export const forbidden = (message: string) =>
  failure('The user may not see this', new PlatformError('permissionDenied', message));

/** A 404. */
export const missing = (message: string) => failure('There is no such thing', new PlatformError('notFound', message));
