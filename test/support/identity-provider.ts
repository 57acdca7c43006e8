import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** What a provider answers instead of a token response. */
export interface Misbehavior {
  status?: number;
  contentType?: string;
  body?: string;
}

/** A user who has signed in at the provider. */
export interface ProviderUser {
  sub: string;
  [claim: string]: unknown;
}

/** An identity provider on a loopback address, for tests of the client side of OpenID Connect. */
export interface TestIdentityProvider {
  readonly issuer: string;
  /** Requests so far, as paths. */
  readonly requests: string[];
  /** How clients authenticated at the token endpoint: the header, and the secret in the form. */
  readonly authentications: { header?: string | undefined; secret?: string | null }[];
  /** Overrides the response of a path, until it is set to undefined. */
  misbehave(path: string, response: Misbehavior | undefined): void;
  /** Adds or replaces claims of all further ID tokens; null removes a claim. */
  overrideClaims(claims: Record<string, unknown>): void;
  /** Lifetime of further ID tokens, seconds. */
  idTokenSeconds: number;
  /** Whether token responses have a refresh token. */
  refreshTokens: boolean;
  /** Signs with a new key. @param publish whether the key set has it */
  rotateKey(options?: { publish?: boolean }): Promise<void>;
  /** Signs a token as the provider does. */
  sign(claims: JWTPayload, header?: { typ?: string }): Promise<string>;
  /** Lets a user sign in. @returns the URL of the callback, with the code */
  authorize(url: string, user: ProviderUser): string;
  stop(): Promise<void>;
}

export const testClient = { id: 'accesskey-console', secret: 'secret-of-the-console' };

export async function startIdentityProvider(metadata: Record<string, unknown> = {}): Promise<TestIdentityProvider> {
  const responses = new Map<string, Misbehavior>();
  const codes = new Map<string, { challenge: string; redirectUri: string; nonce: string; user: ProviderUser }>();
  const refreshTokens = new Map<string, ProviderUser>();
  const requests: string[] = [];
  const authentications: TestIdentityProvider['authentications'] = [];
  let overrides: Record<string, unknown> = {};
  let keys: JWK[] = [];
  let signer: { kid: string; key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'] };

  async function rotateKey({ publish = true } = {}): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    signer = { kid: randomUUID(), key: privateKey };
    const jwk = { ...(await exportJWK(publicKey)), kid: signer.kid, use: 'sig', alg: 'ES256' };
    if (publish) keys = [jwk];
  }

  const sign: TestIdentityProvider['sign'] = (claims, header = {}) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: signer.kid, ...header }).sign(signer.key);

  async function idToken({ sub, ...claims }: ProviderUser, nonce?: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + provider.idTokenSeconds };
    const all: Record<string, unknown> = {
      ...{ iss: provider.issuer, aud: testClient.id, sub, ...times, ...claims },
      ...(nonce !== undefined && { nonce }),
      ...overrides,
    };
    return sign(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) as JWTPayload);
  }

  async function token(form: URLSearchParams, authorization: string | undefined): Promise<[number, object]> {
    authentications.push({ header: authorization, secret: form.get('client_secret') });
    const [, encoded = ''] = authorization?.split(' ') ?? [];
    const credentials = decodeURIComponent(Buffer.from(encoded, 'base64').toString());
    if (credentials !== `${testClient.id}:${testClient.secret}` && form.get('client_id') !== testClient.id)
      return [401, { error: 'invalid_client' }];
    const [user, nonce] = form.get('grant_type') === 'refresh_token' ? [useRefreshToken(form)] : useCode(form);
    if (!user) return [400, { error: 'invalid_grant' }];
    const response = { access_token: 'access', token_type: 'bearer', id_token: await idToken(user, nonce) };
    if (!provider.refreshTokens) return [200, response];
    const refreshToken = randomUUID();
    refreshTokens.set(refreshToken, user);
    return [200, { ...response, refresh_token: refreshToken }];
  }

  function useCode(form: URLSearchParams): [ProviderUser?, string?] {
    const code = form.get('code') ?? '';
    const started = codes.get(code);
    codes.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isValid = started?.challenge === challenge && started.redirectUri === form.get('redirect_uri');
    return isValid ? [started.user, started.nonce] : [];
  }

  /** Each refresh token works once. */
  function useRefreshToken(form: URLSearchParams): ProviderUser | undefined {
    const refreshToken = form.get('refresh_token') ?? '';
    const user = refreshTokens.get(refreshToken);
    refreshTokens.delete(refreshToken);
    return user;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    requests.push(path);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const override = responses.get(path);
    if (override) {
      const { status = 200, contentType = 'application/json', body = '' } = override;
      response.writeHead(status, { 'content-type': contentType, location: '/elsewhere' }).end(body);
      return;
    }
    const [status, body] = await route(path, new URLSearchParams(Buffer.concat(chunks).toString()), request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  async function route(path: string, form: URLSearchParams, request: IncomingMessage): Promise<[number, object]> {
    const { issuer } = provider;
    if (path === '/.well-known/openid-configuration') {
      const endpoint = (name: string) => `${issuer}/${name}`;
      const endpoints = {
        authorization_endpoint: endpoint('authorize'),
        token_endpoint: endpoint('token'),
        jwks_uri: endpoint('keys'),
        end_session_endpoint: endpoint('logout'),
      };
      const supported = { response_types_supported: ['code'], id_token_signing_alg_values_supported: ['ES256'] };
      return [200, { issuer, ...endpoints, ...supported, ...metadata }];
    }
    if (path === '/keys') return [200, { keys }];
    if (path === '/token') return token(form, request.headers.authorization);
    return [404, {}];
  }

  await rotateKey();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider: TestIdentityProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    authentications,
    idTokenSeconds: 600,
    refreshTokens: true,
    misbehave(path, response) {
      if (response) responses.set(path, response);
      else responses.delete(path);
    },
    overrideClaims(claims) {
      overrides = claims;
    },
    rotateKey,
    sign,
    authorize(url, user) {
      const { searchParams } = new URL(url);
      const get = (name: string) => searchParams.get(name) ?? '';
      const code = randomUUID();
      const redirectUri = get('redirect_uri');
      codes.set(code, { challenge: get('code_challenge'), redirectUri, nonce: get('nonce'), user });
      return `${redirectUri}?${new URLSearchParams({ code, state: get('state') })}`;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}
