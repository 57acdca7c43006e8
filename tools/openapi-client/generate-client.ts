import openapiTS, { astToString } from 'openapi-typescript';

const banner = '// Generated from the OpenAPI document (npm run generate:client). Do not edit.\n';

/**
 * Generates the TypeScript types of a client for openapi-fetch. `npm run generate:client` updates the generated file.
 *
 * @param document an OpenAPI 3.1 document
 */
export async function generateClient(document: object): Promise<string> {
  return banner + astToString(await openapiTS(JSON.stringify(document)));
}
