import { createRoute } from '@hono/zod-openapi';
import { callerFailures } from '../common/failure-responses.ts';

const header = (description: string) => ({ description, schema: { type: 'string' as const } });

/** For the OpenAPI document, which knows neither "any method" nor "any path beneath". */
export const forwardAuthRoute = createRoute({
  ...{ method: 'get', path: '/oauth2/auth', tags: ['Gateways'], operationId: 'checkForwardedRequest' },
  summary: 'Whether a request may pass a gateway',
  description:
    'For nginx auth_request, Traefik ForwardAuth and Envoy ext_authz. Every method, and every path beneath, is the ' +
    'same question.',
  security: [{ bearer: [] }],
  responses: {
    200: {
      description: 'It may pass',
      headers: {
        'X-Auth-Request-User': header('Name of the user, percent-encoded where it is not printable ASCII'),
        'X-Auth-Request-Groups': header('Groups of the user, separated by commas, each encoded in the same way'),
      },
    },
    ...callerFailures,
  },
});
