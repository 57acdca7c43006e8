import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';

/** Bytes of a value in one cookie: browsers accept 4096 with name and attributes (RFC 6265 section 6.1). */
const chunkSize = 3_500;
/** More chunks would not fit into the headers of a request. */
const maxChunks = 3;

/**
 * The cookie of a session. A long value is split into several cookies, because the token of a person in many groups can
 * exceed the size limit of a cookie.
 */
export interface SessionCookie {
  read(context: Context): string | undefined;
  /**
   * @param seconds until the cookie expires; undefined: when the browser is closed
   * @returns false if the value is too long
   */
  write(context: Context, value: string, seconds: number | undefined): boolean;
  remove(context: Context): void;
}

/**
 * @param secure whether browsers use HTTPS. The name then has the prefix `__Host-`, so that neither another host of the
 * domain nor a page without TLS can set it (RFC 6265bis section 4.1.3.2)
 */
export function createSessionCookie(secure: boolean): SessionCookie {
  const base = `${secure ? '__Host-' : ''}accesskey-session`;
  const names = Array.from({ length: maxChunks }, (_, index) => (index === 0 ? base : `${base}-${index}`));
  const attributes = { path: '/', httpOnly: true, secure, sameSite: 'Lax' } as const;
  return {
    read: (context) => joinChunks(names.map((name) => getCookie(context, name))),
    write(context, value, seconds) {
      const chunks = splitChunks(value);
      if (chunks.length > maxChunks) return false;
      names.forEach((name, index) => {
        const chunk = chunks[index];
        if (chunk === undefined) deleteCookie(context, name, attributes);
        else setCookie(context, name, chunk, { ...attributes, ...(seconds !== undefined && { maxAge: seconds }) });
      });
      return true;
    },
    remove(context) {
      for (const name of names) deleteCookie(context, name, attributes);
    },
  };
}

/** Splits a value. The first chunk starts with the number of chunks, so that a stale cookie is not appended. */
export function splitChunks(value: string): string[] {
  const chunks = value.match(new RegExp(`.{1,${chunkSize}}`, 'gs')) ?? [''];
  return chunks.map((chunk, index) => (index === 0 ? `${chunks.length}.${chunk}` : chunk));
}

/** @returns the joined value, or undefined if a chunk is missing */
export function joinChunks(chunks: readonly (string | undefined)[]): string | undefined {
  const [, count, first] = /^([1-9])\.(.*)$/s.exec(chunks[0] ?? '') ?? [];
  if (first === undefined) return undefined;
  const others = chunks.slice(1, Number(count));
  const isWhole = others.length === Number(count) - 1 && others.every((chunk) => chunk !== undefined);
  return isWhole ? [first, ...others].join('') : undefined;
}
