import { createRoute, z } from '@hono/zod-openapi';
import { json, missing, notModified, withoutKeys } from '../common/responses.ts';

export const JsonWebKeySet = z
  .looseObject({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) })
  .openapi('JsonWebKeySet', { description: 'RFC 7517 section 5' });

const exampleKey = {
  kty: 'EC',
  crv: 'P-256',
  alg: 'ES256',
  use: 'sig',
  kid: 'DUCRkkAp52RbTv4NS2Y-0zoeeS_K7BMgwNAgdyC9rCM',
  x: 'WbbPZ_SJM7fM9gTa0Owq5NVrgLbXcjQN4nLVS4n4eAQ',
  y: 'Qm9iJ3Mga2V5IGlzIG5vdCBoZXJlLCBzb3JyeSBmcmk',
};

export function describeKeys<P extends string>(path: P, operationId: string) {
  return createRoute({
    method: 'get',
    path,
    tags: ['Keys'],
    operationId,
    summary: 'Get the public keys that verify tokens',
    security: [],
    responses: { 200: json(JsonWebKeySet, 'The keys', { keys: [exampleKey] }), ...notModified, 503: withoutKeys },
  });
}

const ServerMetadata = z
  .looseObject({ issuer: z.string(), token_endpoint: z.string(), jwks_uri: z.string() })
  .openapi('ServerMetadata', { description: 'RFC 8414 section 2' });

export function describeMetadata<P extends string>(path: P, operationId: string) {
  const example = {
    issuer: 'https://keys.example.org',
    token_endpoint: 'https://keys.example.org/oauth2/token',
    jwks_uri: 'https://keys.example.org/.well-known/jwks.json',
  };
  return createRoute({
    method: 'get',
    path,
    tags: ['Keys'],
    operationId,
    summary: 'Get the metadata of this server',
    security: [],
    responses: {
      200: json(ServerMetadata, 'The metadata', example),
      ...notModified,
      404: missing('the issuer of this server is not an https URL'),
      503: withoutKeys,
    },
  });
}
