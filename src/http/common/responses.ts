/** Descriptions of responses in the OpenAPI document. Examples of errors are created like the errors themselves. */
import { addressDenied, ErrorBody, errorBody, PlatformError, unauthenticated, violation } from './errors.ts';

/** A JSON response or request body. */
export function json<T>(schema: T, description: string, example?: unknown) {
  return { description, content: { 'application/json': { schema, ...(example !== undefined && { example }) } } };
}

/** An error response of the platform API. */
export function failure(description: string, example: PlatformError) {
  return json(ErrorBody, description, errorBody(example));
}

/** For routes that return an entity tag. */
export const notModified = { 304: { description: 'Not modified (If-None-Match)' } };

/** 503 of routes that call the cluster. */
export const unavailable = failure(
  'Not ready yet, or the cluster is unavailable',
  new PlatformError('unavailable', 'the cluster is unavailable, try again later'),
);

/** 503 of routes that only need the signing keys. */
export const withoutKeys = failure(
  'Not ready yet',
  new PlatformError('unavailable', 'the signing keys are not loaded yet'),
);

/** Errors of every route that requires a bearer token. */
export const callerFailures = {
  401: failure('No valid token', unauthenticated('Authorization: the token is not valid', 'Bearer')),
  403: failure('allowedCIDRs of the key pair do not contain the client address', addressDenied('token')),
  503: unavailable,
};

/** A 400, with one parameter in its example. */
export function badParameter(field: string, description: string) {
  return failure('A parameter is missing or invalid', violation(field, description));
}

/** A 403. */
export function forbidden(message: string) {
  return failure('The user does not have permission', new PlatformError('permissionDenied', message));
}

/** A 404. */
export function missing(message: string) {
  return failure('Not found', new PlatformError('notFound', message));
}
