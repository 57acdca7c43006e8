import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { authenticate } from '../token/authenticate.ts';
import { claimsOf } from '../token/claims.ts';
import { signToken } from '../token/issuer.ts';
import type { SigningKeys } from '../token/signing-keys.ts';
import type { Dependencies, Environment } from './environment.ts';
import { badRequest, ErrorBody, PlatformError } from './errors.ts';
import { requiredText, wholeNumber } from './parameters.ts';

/** How long a verifier may keep the published keys, seconds. */
const jwksMaxAgeSeconds = 300;
const json = <T>(schema: T, description: string) => ({ description, content: { 'application/json': { schema } } });
const Token = z.strictObject({ token: z.string().openapi({ description: 'JWT (RFC 7519)' }) }).openapi('Token');
const JsonWebKeySet = z
  .looseObject({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) })
  .openapi('JsonWebKeySet', { description: 'RFC 7517 section 5' });

/** Tokens for key pairs, and the keys to verify them with. */
export function addTokenRoutes(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const { token: options, pairs, lastUsed, now, tokenMetrics } = dependencies;
  const query = z.strictObject({
    ak: requiredText('The access key', 'f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10'),
    sk: requiredText('The secret key', '8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21'),
    cycle: wholeNumber('Validity of the token in days', {
      min: 1,
      max: options.maxCycle,
      default: options.defaultCycle,
    }),
  });

  for (const path of ['/apis/ghippo.io/v1alpha1/token', '/api/v1/cube/key/token']) {
    const route = createRoute({
      method: 'get',
      path,
      tags: ['Tokens'],
      request: { query },
      responses: {
        200: json(Token, 'A token'),
        400: json(ErrorBody, 'A parameter is missing or wrong'),
        401: json(ErrorBody, 'The pair is not valid'),
        503: json(ErrorBody, 'Not ready yet'),
      },
    });
    app.openapi(
      route,
      async (context) => {
        context.header('Cache-Control', 'no-store');
        const { ak, sk, cycle } = context.req.valid('query');
        return context.json({ token: await mint(context, ak, sk, cycle) }, 200);
      },
      (result) => {
        if (result.success) return;
        tokenMetrics?.requested('invalid');
        throw badRequest(result.error);
      },
    );
  }

  async function mint(context: Context<Environment>, ak: string, sk: string, cycle: number): Promise<string> {
    const keys = requireKeys(dependencies);
    const at = now();
    const result = authenticate(pairs, ak, sk, at);
    const claims = 'granted' in result ? claimsOf(result.granted, cycle, options, at) : undefined;
    if (!claims || !('granted' in result) || claims.exp <= claims.iat) {
      const refused = 'refused' in result ? result : { refused: 'expired', ak };
      Object.assign(context.get('logFields'), refused);
      tokenMetrics?.requested('refused');
      throw new PlatformError('unauthenticated', 'the access key or the secret key is not valid', {
        challenge: `AccessKey realm="${options.issuer}"`,
      });
    }
    const { user, pairName } = result.granted;
    Object.assign(context.get('logFields'), { ak, user: user.name, expires: claims.exp });
    const startedAt = performance.now();
    const token = await signToken(claims, keys);
    lastUsed.touch(user.id, pairName);
    tokenMetrics?.signed((performance.now() - startedAt) / 1000);
    tokenMetrics?.requested('granted');
    return token;
  }

  for (const path of ['/apis/ghippo.io/v1alpha1/certs', '/.well-known/jwks.json']) {
    const route = createRoute({
      method: 'get',
      path,
      tags: ['Tokens'],
      responses: { 200: json(JsonWebKeySet, 'The public keys'), 503: json(ErrorBody, 'Not ready yet') },
    });
    app.openapi(route, (context) => {
      const { jwks } = requireKeys(dependencies);
      context.header('Cache-Control', `public, max-age=${jwksMaxAgeSeconds}`);
      return context.json(jwks as z.infer<typeof JsonWebKeySet>, 200);
    });
  }
}

/** @throws PlatformError 503 while there are none */
export function requireKeys({ signingKeys }: Pick<Dependencies, 'signingKeys'>): SigningKeys {
  const keys = signingKeys();
  if (!keys) throw new PlatformError('unavailable', 'the signing keys are not loaded yet');
  return keys;
}
