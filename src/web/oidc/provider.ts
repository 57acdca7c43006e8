import { readFile } from 'node:fs/promises';
import { createRemoteJWKSet, customFetch as joseFetch, type RemoteJWKSet } from 'jose';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  clockTolerance,
  customFetch,
  discovery,
  None,
} from 'openid-client';
import type { Logger } from 'pino';
import { createConnection } from '../../outbound/connection.ts';
import { withCooldown } from '../../outbound/cooldown.ts';
import { issuerToleranceSeconds } from '../../outbound/issuer-tolerance.ts';
import { isTemporaryStatus, type LimitedFetch } from '../../outbound/limited-fetch.ts';
import { createRefreshed } from '../../outbound/refreshed.ts';
import { ProviderError, toProviderError } from './provider-error.ts';

/** Limits of a response: a discovery document, a key set or a token response. */
const timeoutMs = 10_000;
const maxResponseBytes = 1024 * 1024;
/** How long a discovery document is used, milliseconds. */
const discoveryMs = 10 * 60_000;
/** How long a failed request for the discovery document or the keys is not repeated, so that requests of browsers do not become requests to the provider. */
const retryMs = 3_000;
/** How long a key set without the key of a token is not fetched again. */
const keyCooldownMs = 10_000;

export interface ProviderOptions {
  issuer: string;
  clientID: string;
  clientSecretFile?: string | undefined;
  caFile?: string | undefined;
}

/** The discovered identity provider. */
export interface DiscoveredProvider {
  client: Configuration;
  /** The keys that sign its ID tokens and logout tokens. */
  keys: RemoteJWKSet;
}

/** The identity provider, discovered when it is first needed. */
export interface Provider {
  /** @throws ProviderError */
  discovered(): Promise<DiscoveredProvider>;
  close(): Promise<void>;
}

/**
 * Discovers the identity provider (OpenID Connect Discovery 1.0) and repeats this from time to time; until that succeeds,
 * the previous document is used. CA file and client secret are read again each time.
 *
 * @param now monotonic clock, milliseconds
 */
export function createProvider(options: ProviderOptions, log: Logger, now?: () => number): Provider {
  const { issuer, caFile } = options;
  const connection = createConnection({ caFile, timeoutMs, maxResponseBytes });
  let failure: string | undefined;

  async function load(): Promise<DiscoveredProvider> {
    try {
      const provider = await discover(options, connection.fetch, now);
      if (failure !== undefined) log.info({ issuer }, 'identity provider is available again');
      failure = undefined;
      return provider;
    } catch (error) {
      const reason = toProviderError(error);
      if (failure !== reason.message) {
        log.warn({ issuer, reason: reason.message }, 'cannot discover the identity provider');
      }
      failure = reason.message;
      throw reason;
    }
  }

  return { discovered: createRefreshed({ load, freshMs: discoveryMs, retryMs, now }), close: connection.close };
}

async function discover(
  { issuer, clientID, clientSecretFile }: ProviderOptions,
  fetch: LimitedFetch,
  now: (() => number) | undefined,
): Promise<DiscoveredProvider> {
  const url = new URL(issuer);
  const isInsecure = url.protocol === 'http:';
  const authentication = clientSecretFile === undefined ? None() : authenticateWithSecret(await read(clientSecretFile));
  const client = await discovery(url, clientID, { [clockTolerance]: issuerToleranceSeconds }, authentication, {
    [customFetch]: fetch,
    timeout: timeoutMs / 1000,
    execute: isInsecure ? [allowInsecureRequests] : [],
  });
  const keysUrl = requireEndpoints(client, isInsecure);
  return { client, keys: createKeys(keysUrl, fetch, now) };
}

async function read(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new ProviderError('unavailable', `cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/**
 * The secret in the form if the provider supports it, otherwise Basic authentication, the default of OpenID Connect: RFC
 * 6749 section 2.3.1 requires an encoding of it that not every provider decodes.
 */
function authenticateWithSecret(secret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)];
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return methods.includes('client_secret_post') ? post(server, ...rest) : basic(server, ...rest);
  };
}

/** @returns the URL of the key set */
function requireEndpoints(client: Configuration, isInsecure: boolean): URL {
  const { authorization_endpoint, token_endpoint, jwks_uri } = client.serverMetadata();
  for (const [field, text] of Object.entries({ authorization_endpoint, token_endpoint, jwks_uri })) {
    const protocol = URL.parse(text ?? '')?.protocol;
    if (protocol !== 'https:' && !(isInsecure && protocol === 'http:'))
      throw new ProviderError('invalid', `discovery document: ${field} is not an https URL`);
  }
  return new URL(jwks_uri ?? '');
}

function createKeys(url: URL, fetch: LimitedFetch, now: (() => number) | undefined): RemoteJWKSet {
  const read: LimitedFetch = async (...request) => {
    const response = await fetch(...request);
    const { status } = response;
    if (status === 200) return response;
    throw new ProviderError(isTemporaryStatus(status) ? 'unavailable' : 'invalid', `key set: status ${status}`);
  };
  const options = { timeoutDuration: timeoutMs, cooldownDuration: keyCooldownMs };
  return createRemoteJWKSet(url, { ...options, [joseFetch]: withCooldown(read, { ms: retryMs, now }) });
}
