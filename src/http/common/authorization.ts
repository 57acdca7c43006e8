import type { Context } from 'hono';
import type { KeyPair } from '../../credential/key-pair.ts';
import type { Environment } from './environment.ts';
import { violation } from './errors.ts';

const field = 'Authorization';
/** token68 of RFC 9110 section 11.2. */
const basic = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;
/** b64token of RFC 6750 section 2.1. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * The Authorization header, undefined when there is none.
 *
 * @throws PlatformError 400 when it is there twice: two proxies could each believe another one
 */
export function authorizationOf(context: Context<Environment>): string | undefined {
  const header = context.req.header(field);
  if (header?.includes(',') && isRepeated(context)) throw violation(field, 'must be given only once');
  return header;
}

/** Repeated headers come joined by a comma, which other schemes than Basic and Bearer may have in a single one. */
function isRepeated(context: Context<Environment>): boolean {
  const raw = context.env.incoming?.rawHeaders;
  if (!raw) return true;
  return raw.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length > 1;
}

/** The token of a header of the scheme Bearer (RFC 6750), undefined when it is none. */
export function bearerOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : bearer.exec(header)?.[1];
}

/**
 * Reads a header of the scheme Basic (RFC 7617), in UTF-8.
 *
 * @returns what stands before and after the first colon; undefined for another scheme
 * @throws PlatformError 400 when it is malformed
 */
export function basicOf(header: string | undefined): KeyPair | undefined {
  if (header === undefined || !/^Basic(?: |$)/i.test(header)) return undefined;
  const text = decode(basic.exec(header)?.[1]);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0) throw violation(field, 'must be Base64 of name:password after Basic');
  return { ak: text.slice(0, colon), sk: text.slice(colon + 1) };
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
