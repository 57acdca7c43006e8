/** Finds the public keys that verify a token. */
import type { JSONWebKeySet } from 'jose';
import type { ServerResponse } from './send.ts';
import { parseServer } from './server.ts';
import { TokenError } from './token-error.ts';

export interface KeyOptions {
  /** URL or file of a JWK Set. */
  readonly jwks?: string | undefined;
  /** The issuer that the user requires. */
  readonly issuer?: string | undefined;
  /** URL of the token server, checked. */
  readonly server?: string | undefined;
  /** Issuer in the token, which is not verified. */
  readonly tokenIssuer?: string | undefined;
  readonly allowPlainHTTP: boolean;
}

export interface KeyEffects {
  /** @throws TokenError if there is no response */
  readonly get: (url: string) => Promise<ServerResponse>;
  /** @throws TokenError if the file cannot be read */
  readonly readFile: (file: string) => Promise<string>;
}

export interface FoundKeys {
  readonly keys: JSONWebKeySet;
  /** Where they were read. */
  readonly from: string;
  /** The issuer that the token must name; undefined: only the token names one. */
  readonly issuer?: string | undefined;
}

/**
 * Reads the keys from `--jwks`; else by discovery (OpenID Connect Discovery 1.0 section 4) from the issuer, the token server,
 * or the issuer that the token names.
 *
 * @throws TokenError if there are none
 */
export async function findKeys(options: KeyOptions, effects: KeyEffects): Promise<FoundKeys> {
  const { jwks, issuer, server, tokenIssuer, allowPlainHTTP } = options;
  if (jwks !== undefined) {
    const text = URL.canParse(jwks) ? await getBody(parseServer(jwks, allowPlainHTTP, '--jwks'), effects) : undefined;
    return { keys: parseKeys(text ?? (await effects.readFile(jwks)), jwks), from: jwks, issuer };
  }
  if (issuer !== undefined) return discover(parseServer(issuer, allowPlainHTTP, '--issuer'), issuer, effects);
  if (server !== undefined) return keysOfServer(server, effects);
  const named = tokenIssuer !== undefined && URL.canParse(tokenIssuer) ? tokenIssuer : undefined;
  if (named === undefined) {
    throw new TokenError('usage', 'no keys to verify the token: its issuer is not a URL', {
      hint: 'Set --server to the URL of the token server, or --jwks to a URL or file with its keys.',
    });
  }
  const { keys, from } = await discover(parseServer(named, allowPlainHTTP, 'issuer of the token'), named, effects);
  return { keys, from };
}

/** The operator publishes its keys at a fixed path also if its issuer is not a URL and there is no discovery. */
async function keysOfServer(server: string, effects: KeyEffects): Promise<FoundKeys> {
  const { status } = await effects.get(discoveryURL(server));
  if (status === 200) return discover(server, undefined, effects);
  const url = `${server}/.well-known/jwks.json`;
  return { keys: parseKeys(await getBody(url, effects), url), from: url };
}

const discoveryURL = (base: string) => `${base}/.well-known/openid-configuration`;

/** @param expected the issuer that the document must name, so that one issuer cannot present the keys of another */
async function discover(base: string, expected: string | undefined, effects: KeyEffects): Promise<FoundKeys> {
  const url = discoveryURL(base);
  const document = parseJSON(await getBody(url, effects), url) as { issuer?: unknown; jwks_uri?: unknown } | null;
  const { issuer, jwks_uri: keysURL } = document ?? {};
  if (typeof issuer !== 'string' || typeof keysURL !== 'string' || !URL.canParse(keysURL)) {
    throw new TokenError('invalid-response', `${url}: issuer or jwks_uri is missing`);
  }
  if (expected !== undefined && issuer !== expected) {
    throw new TokenError('invalid-response', `${url}: the document is of the issuer ${issuer}, not ${expected}`);
  }
  if (new URL(keysURL).protocol !== new URL(base).protocol) {
    throw new TokenError('invalid-response', `${url}: jwks_uri has another scheme`);
  }
  return { keys: parseKeys(await getBody(keysURL, effects), keysURL), from: keysURL, issuer };
}

async function getBody(url: string, { get }: KeyEffects): Promise<string> {
  const { status, body } = await get(url);
  if (status !== 200) throw new TokenError('invalid-response', `${url}: status ${status}`);
  return body;
}

function parseKeys(text: string, from: string): JSONWebKeySet {
  const value = parseJSON(text, from) as JSONWebKeySet | null;
  const isSet = Array.isArray(value?.keys) && value.keys.every((key) => typeof key === 'object' && key !== null);
  if (!isSet) throw new TokenError('invalid-response', `${from}: not a JWK Set (RFC 7517)`);
  return value;
}

function parseJSON(text: string, from: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TokenError('invalid-response', `${from}: not JSON`);
  }
}
