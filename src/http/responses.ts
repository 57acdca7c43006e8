/** What routes say of their answers in the OpenAPI document. The examples of errors are made as the errors are. */
import type { z } from '@hono/zod-openapi';
import { ErrorBody, errorBody, type PlatformError } from './errors.ts';

/** An answer in JSON. */
export const json = <T>(schema: T, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** An answer that is an error in the form of the platform. */
export const failure = (description: string, example: PlatformError) => ({
  description,
  content: {
    'application/json': { schema: ErrorBody, example: errorBody(example) satisfies z.infer<typeof ErrorBody> },
  },
});
