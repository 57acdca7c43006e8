/** Reads the discovery document and the keys of a trusted issuer, with limits on size, time and rate. */
import { createRemoteJWKSet, customFetch, errors, type RemoteJWKSet } from 'jose';
import { z } from 'zod';
import { createConnection } from '../../outbound/connection.ts';
import { withCooldown } from '../../outbound/cooldown.ts';
import { contentEncodingCode, isTemporaryStatus } from '../../outbound/limited-fetch.ts';
import { createRefreshed } from '../../outbound/refreshed.ts';

/** Time for one response, milliseconds. */
const timeoutMs = 5_000;
const maxResponseBytes = 256 * 1024;
/** How long a discovery document and its keys are used before they are read again, milliseconds. */
const discoveryMs = 10 * 60_000;
/** A revoked key is rejected by the first request after idle time, and is not accepted for ever during an outage. */
const stale = { maxMs: 24 * 60 * 60_000, outageMs: 60_000 };
/** Time between two attempts to read a discovery document, milliseconds. */
const retryMs = 5_000;
/** Time between two requests for the keys, if a token names an unknown key, milliseconds. */
const keyCooldownMs = 10_000;
/** Time between two requests for the keys after a failed one, milliseconds. */
const keyRetryMs = 3_000;

/** The issuer cannot be reached, or has sent something invalid. The message is for the log. */
export class IssuerError extends Error {
  override readonly name = 'IssuerError';
  readonly kind: 'unavailable' | 'invalid';

  constructor(kind: IssuerError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Responses are read with a limited size; redirects are not followed. */
export type IssuerFetch = (url: string) => Promise<Response>;

/** @param caFile PEM of the CAs to trust; default: those of Node */
function createIssuerFetch(caFile: string | undefined): IssuerFetch {
  const connection = createConnection({ caFile, timeoutMs, maxResponseBytes });
  const headers = { accept: 'application/json' };
  return (url) => connection.fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
}

export interface IssuerOptions {
  issuer: string;
  caFile?: string | undefined;
  /** Default: a client with the CA in `caFile`. */
  fetch?: IssuerFetch | undefined;
  /** Monotonic clock, milliseconds. */
  monotonic?: (() => number) | undefined;
}

interface IssuerKeys {
  url: string;
  keys: RemoteJWKSet;
}

const document = z.object({ issuer: z.string(), jwks_uri: z.string() });

/**
 * Finds the keys of an issuer (OpenID Connect Discovery 1.0), and reads them again before they are used after ten minutes.
 * Only while that fails, the previous keys are used, for at most a day. Concurrent requests share one attempt.
 *
 * @returns a function that returns the keys; it throws IssuerError if there are none
 */
export function createIssuerKeys(options: IssuerOptions): () => Promise<RemoteJWKSet> {
  const { issuer, monotonic, caFile, fetch: get = createIssuerFetch(caFile) } = options;

  async function load(previous: IssuerKeys | undefined): Promise<IssuerKeys> {
    try {
      const url = await discover(issuer, get);
      const keys = previous?.url === url ? previous.keys : createKeys(url, get, monotonic);
      // Also removes keys that the issuer has revoked.
      await keys.reload();
      return { url, keys };
    } catch (error) {
      throw toIssuerError(error);
    }
  }

  const refreshed = createRefreshed({ load, freshMs: discoveryMs, retryMs, stale, now: monotonic });
  return async () => (await refreshed()).keys;
}

/** @returns the URL of the keys */
async function discover(issuer: string, get: IssuerFetch): Promise<string> {
  const response = await get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (response.status !== 200) {
    const kind = isTemporaryStatus(response.status) ? 'unavailable' : 'invalid';
    throw new IssuerError(kind, `discovery document: status ${response.status}`);
  }
  const parsed = document.safeParse(await response.json());
  if (!parsed.success) throw new IssuerError('invalid', 'discovery document: issuer or jwks_uri is missing');
  if (parsed.data.issuer !== issuer) throw new IssuerError('invalid', 'discovery document: it is of another issuer');
  const { jwks_uri: url } = parsed.data;
  if (URL.parse(url)?.protocol !== new URL(issuer).protocol) {
    throw new IssuerError('invalid', 'discovery document: jwks_uri has another scheme');
  }
  return url;
}

/** The keys do not expire, so that they stay in use while the issuer is unavailable. */
function createKeys(url: string, get: IssuerFetch, now: (() => number) | undefined): RemoteJWKSet {
  async function read(keysUrl: string): Promise<Response> {
    const response = await get(keysUrl);
    if (response.status !== 200) throw new IssuerError('unavailable', `keys: status ${response.status}`);
    return response;
  }
  const limits = { timeoutDuration: timeoutMs, cooldownDuration: keyCooldownMs, cacheMaxAge: Number.POSITIVE_INFINITY };
  return createRemoteJWKSet(new URL(url), { ...limits, [customFetch]: withCooldown(read, { ms: keyRetryMs, now }) });
}

/** Codes of errors about a response that was received. */
const invalidCodes = ['UND_ERR_RES_EXCEEDED_MAX_SIZE', contentEncodingCode];

/** A response that is not JSON, too large, compressed or no key set is invalid; any other error is one of the connection. */
export function toIssuerError(error: unknown): IssuerError {
  if (error instanceof IssuerError) return error;
  const { message = 'unknown', cause } = error as Error;
  const { code = '' } = (cause ?? error) as { code?: string };
  const isInvalid = error instanceof SyntaxError || error instanceof errors.JWKSInvalid || invalidCodes.includes(code);
  // Fetch says only that it failed; its cause says why.
  const text = cause instanceof Error ? cause.message : message;
  return new IssuerError(isInvalid ? 'invalid' : 'unavailable', text);
}
