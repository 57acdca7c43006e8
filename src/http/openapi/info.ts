import packageJson from '../../../package.json' with { type: 'json' };

/**
 * General information of the OpenAPI document.
 *
 * @param prefix path under which a proxy serves the API, without a trailing slash, or empty
 */
export function documentInfo(prefix: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Access keys',
      version: packageJson.version,
      summary: 'Issues short-lived signed tokens for key pairs. The platform API accepts these tokens.',
      description:
        'Errors are `{code, message, details}` with gRPC status codes; under `/oauth2` they have the format of RFC 6749. ' +
        'An empty value of an optional parameter means that it is not set. ' +
        'Every path responds to OPTIONS with `Allow`, and to unsupported methods with 405. Every response has `X-Request-Id`.',
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: prefix || '/', description: 'The server of this document' }],
    tags: [
      { name: 'Tokens', description: 'Get a token for a key pair, in the format of the platform.' },
      { name: 'OAuth 2.0', description: 'Tokens, token exchange and introspection with OAuth 2.0.' },
      { name: 'Keys', description: 'Public keys that verify tokens, and discovery.' },
      { name: 'Gateways', description: 'Forward authentication for gateways.' },
      { name: 'Deployments', description: 'Live deployments that the user of the token has permission to see.' },
      { name: 'Clusters', description: 'Clusters that the user of the token has permission to see.' },
      { name: 'Users', description: 'Users who have an AccessKey.' },
      { name: 'Access tokens', description: 'Named tokens that are valid as long as their key pair.' },
      { name: 'Document', description: 'This document, and the version of the operator.' },
    ],
  };
}

/**
 * Authentication methods.
 *
 * @param prefix see {@link documentInfo}
 */
export function securitySchemes(prefix: string) {
  return {
    bearer: {
      type: 'http' as const,
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token of this server (RFC 6750).',
    },
    pair: {
      type: 'http' as const,
      scheme: 'basic',
      description: 'The ak as the username and the sk as the password (RFC 7617).',
    },
    oauth2: {
      type: 'oauth2' as const,
      description: 'A token that a tool requests itself: the client is the key pair (RFC 6749 section 4.4).',
      flows: { clientCredentials: { tokenUrl: `${prefix}/oauth2/token`, scopes: {} } },
    },
  };
}
