import packageJson from '../../../package.json' with { type: 'json' };

/**
 * What the OpenAPI document says before its paths. The server is whoever gave it.
 *
 * @param prefix path under which a proxy has put this server, without a slash at the end; empty for none
 */
export const documentInfo = (prefix: string) => ({
  openapi: '3.1.0',
  info: {
    title: 'Access keys',
    version: packageJson.version,
    summary: 'Key pairs become short-lived signed tokens, and tokens open the platform’s API.',
    description:
      'Errors are `{code, message, details}` with gRPC’s numbers, under `/oauth2` in the form of RFC 6749. Every path ' +
      'answers OPTIONS with `Allow`, and 405 to a method that it does not have. Every answer has `X-Request-Id`.',
    license: { name: packageJson.license, identifier: packageJson.license },
  },
  servers: [{ url: prefix || '/', description: 'The server that gave this document' }],
  tags: [
    { name: 'Tokens', description: 'A key pair for a token, in the form of the platform.' },
    { name: 'OAuth 2.0', description: 'The same, and more, by the standards.' },
    { name: 'Keys', description: 'What verifies a token, and where it is found.' },
    { name: 'Gateways', description: 'Forward-auth.' },
    { name: 'Deployments', description: 'The live deployments, as far as the user of the token may see them.' },
    { name: 'Users', description: 'Who has an AccessKey.' },
    { name: 'Document', description: 'This document.' },
  ],
});

/**
 * How a caller says who it is.
 *
 * @param prefix as above
 */
export const securitySchemes = (prefix: string) => ({
  bearer: { type: 'http' as const, scheme: 'bearer', bearerFormat: 'JWT', description: 'A token (RFC 6750).' },
  pair: {
    type: 'http' as const,
    scheme: 'basic',
    description: 'The ak as the name, the sk as the password (RFC 7617).',
  },
  oauth2: {
    type: 'oauth2' as const,
    description: 'The same token, fetched by a tool: the client is the key pair (RFC 6749 section 4.4).',
    flows: { clientCredentials: { tokenUrl: `${prefix}/oauth2/token`, scopes: {} } },
  },
});
