import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Environment } from '../common/environment.ts';
import { documentInfo, securitySchemes } from './info.ts';

/** The OpenAPI document (https://spec.openapis.org/oas/v3.1.0). */
type Document = ReturnType<OpenAPIHono<Environment>['getOpenAPI31Document']>;
type PathItem = NonNullable<Document['paths']>[string];
type Operation = NonNullable<PathItem['get']>;

/**
 * Creates the OpenAPI document from the routes of the app and the schemas that validate requests.
 *
 * @param app with all routes
 * @param prefix path under which a proxy serves the API, without a trailing slash, or empty
 */
export function describeApi(app: OpenAPIHono<Environment>, prefix: string): Document {
  for (const [name, scheme] of Object.entries(securitySchemes(prefix))) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, scheme);
  }
  const document = app.getOpenAPI31Document(documentInfo(prefix));
  return { ...document, paths: mapValues(document.paths ?? {}, completed) };
}

/** Adds what applies to every route: HEAD for each GET, and OAuth 2.0 for each operation that accepts a token. */
function completed(item: PathItem): PathItem {
  const operations = mapValues(item, (operation) => completedOperation(operation as Operation));
  return operations.get ? { ...operations, head: headOf(operations.get) } : operations;
}

function completedOperation(operation: Operation): Operation {
  const { parameters } = operation;
  return withOAuth2({ ...operation, ...(parameters && { parameters: parameters.map(withExampleInDescription) }) });
}

/** Moves examples of optional parameters to the description: Swagger UI would send them as values. */
function withExampleInDescription<P extends object>(parameter: P): P {
  const { required, description, schema } = parameter as Parameter;
  if (required || !schema || schema.example === undefined) return parameter;
  const { example, ...rest } = schema;
  return { ...parameter, description: `${description}; for example ${example}`, schema: rest };
}

interface Parameter {
  required?: boolean;
  description?: string;
  schema?: { example?: unknown };
}

function withOAuth2(operation: Operation): Operation {
  const { security } = operation;
  const acceptsToken = security?.some((one) => 'bearer' in one);
  return security && acceptsToken ? { ...operation, security: [...security, { oauth2: [] }] } : operation;
}

/** RFC 9110 section 9.3.2: the same headers, no body. */
function headOf(get: Operation): Operation {
  const { operationId = '', summary = '' } = get;
  return {
    ...get,
    operationId: `head${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}`,
    summary: `${summary}: headers only`,
    responses: mapValues(get.responses ?? {}, withoutContent),
  };
}

function withoutContent<R>(response: R): R {
  const { content: _, ...rest } = response as R & { content?: unknown };
  return rest as R;
}

function mapValues<R extends object>(object: R, change: (value: NonNullable<R[keyof R]>) => unknown): R {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)])) as R;
}
