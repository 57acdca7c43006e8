import type { Context } from 'hono';
import type { KeyPair } from '../../credential/key-pair.ts';
import type { Environment } from './environment.ts';
import { violation } from './errors.ts';

/** The part of a context that is the same in src/web. */
type Request = Pick<Context<Environment>, 'env'> & { req: Pick<Context['req'], 'header'> };

const field = 'Authorization';
/** token68 of RFC 9110 section 11.2. */
const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;
/** b64token of RFC 6750 section 2.1. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * @returns the Authorization header, or undefined
 * @throws PlatformError 400 if the header is repeated: a proxy could evaluate another one than this server
 */
export function authorizationOf(context: Request): string | undefined {
  const header = context.req.header(field);
  if (header?.includes(',') && isRepeated(context)) throw violation(field, 'must be given only once');
  return header;
}

/** Node joins repeated headers with a comma, which a single header of another scheme may also contain. */
function isRepeated(context: Request): boolean {
  const raw = context.env.incoming?.rawHeaders;
  if (!raw) return true;
  return raw.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length > 1;
}

/** @returns the token of a Bearer header (RFC 6750); undefined for another scheme */
export function bearerOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : bearer.exec(header)?.[1];
}

/**
 * Reads a Basic header (RFC 7617), in UTF-8.
 *
 * @returns the user-id as ak and the password as sk; undefined for another scheme
 * @throws PlatformError 400 if the header is malformed
 */
export function basicOf(header: string | undefined): KeyPair | undefined {
  if (header === undefined || !/^Basic(?: |$)/i.test(header)) return undefined;
  const text = decode(basic.exec(header)?.[1]);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0) throw violation(field, 'must be Basic followed by the Base64 of ak:sk');
  return { ak: text.slice(0, colon), sk: text.slice(colon + 1) };
}

/** @returns the challenge for clients that authenticate with a key pair (RFC 7617 section 2) */
export function basicChallenge({ issuer }: { issuer: string }): string {
  return `Basic realm="${issuer}", charset="UTF-8"`;
}

/** @returns the challenge for clients that authenticate with a token (RFC 6750 section 3) */
export function bearerChallenge({ issuer }: { issuer: string }, error?: 'invalid_request' | 'invalid_token'): string {
  return `Bearer realm="${issuer}"${error === undefined ? '' : `, error="${error}"`}`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  try {
    return utf8.decode(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}
