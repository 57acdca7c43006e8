import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Environment } from '../environment.ts';
import { documentInfo, securitySchemes } from './document-info.ts';

/** The OpenAPI document (https://spec.openapis.org/oas/v3.1.0), which holds more than is said of it here. */
type Document = ReturnType<OpenAPIHono<Environment>['getOpenAPI31Document']>;
type PathItem = NonNullable<Document['paths']>[string];
type Operation = NonNullable<PathItem['get']>;

/**
 * Makes the OpenAPI document of the app from the schemas that its requests are checked with.
 *
 * @param app with all its routes
 */
export function describeApi(app: OpenAPIHono<Environment>): Document {
  for (const [name, scheme] of Object.entries(securitySchemes)) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, scheme);
  }
  const document = app.getOpenAPI31Document(documentInfo);
  return { ...document, paths: mapValues(document.paths ?? {}, completed) };
}

/** What holds for every route is added here: HEAD goes where GET does, and who has a token may have it fetched. */
function completed(item: PathItem): PathItem {
  const operations = mapValues(item, (operation) => withFetchedToken(operation as Operation));
  return item.get ? { ...operations, head: headOf(withFetchedToken(item.get)) } : operations;
}

function withFetchedToken(operation: Operation): Operation {
  const { security } = operation;
  const takesToken = security?.some((one) => 'bearer' in one);
  return security && takesToken ? { ...operation, security: [...security, { oauth2: [] }] } : operation;
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
