/** What routes say of their answers in the OpenAPI document. The examples of errors are made as the errors are. */
import { ErrorBody, errorBody, type PlatformError } from './errors.ts';

/** An answer in JSON, or a part of a request. */
export function json<T>(schema: T, description: string, example?: unknown) {
  return { description, content: { 'application/json': { schema, ...(example !== undefined && { example }) } } };
}

/** An answer that is an error in the form of the platform. */
export function failure(description: string, example: PlatformError) {
  return json(ErrorBody, description, errorBody(example));
}

/** Of a route whose answers have an entity tag. */
export const notModified = { 304: { description: 'The client has this answer already (If-None-Match)' } };
