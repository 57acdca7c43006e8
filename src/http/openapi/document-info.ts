import packageJson from '../../../package.json' with { type: 'json' };

/** What the OpenAPI document says before its paths. The server is whoever gave it. */
export const documentInfo = {
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
  servers: [{ url: '/', description: 'The server that gave this document' }],
  tags: [
    { name: 'Tokens', description: 'A key pair for a token, in the form of the platform.' },
    { name: 'OAuth 2.0', description: 'The same, and more, by the standards.' },
    { name: 'Keys', description: 'What verifies a token, and where it is found.' },
    { name: 'Gateways', description: 'Forward-auth.' },
    { name: 'Deployments', description: 'The live deployments, as far as the user of the token may see them.' },
    { name: 'Users', description: 'Who has an AccessKey.' },
    { name: 'Document', description: 'This document.' },
  ],
};

/** How a caller says who it is. */
export const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token (RFC 6750).' },
  pair: { type: 'http', scheme: 'basic', description: 'The ak as the name, the sk as the password (RFC 7617).' },
  oauth2: {
    type: 'oauth2',
    description: 'The same token, fetched by a tool: the client is the key pair (RFC 6749 section 4.4).',
    flows: { clientCredentials: { tokenUrl: '/oauth2/token', scopes: {} } },
  },
} as const;
