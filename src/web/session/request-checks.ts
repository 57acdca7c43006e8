/** Checks of the forms that a browser sends: the form token and the origin. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SessionKeys } from './session.ts';

/** Name of the hidden field with the form token. */
export const formTokenField = 'form_token';

/** Creates the CSRF token of a session's forms (synchronizer token). Other sites cannot compute it without the key. */
export function formTokenOf(sessionId: string, { form }: SessionKeys): string {
  return createHmac('sha256', form).update(sessionId).digest('base64url');
}

/** Compares in constant time. */
export function isFormToken(token: string | undefined, sessionId: string, keys: SessionKeys): boolean {
  const expected = Buffer.from(formTokenOf(sessionId, keys));
  const actual = Buffer.from(token ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** The headers that tell which page sent a request. */
export interface RequestOrigin {
  /** Origin header (RFC 6454). */
  origin: string | undefined;
  /** Sec-Fetch-Site header (Fetch Metadata), which browsers send over HTTPS and to localhost. */
  fetchSite: string | undefined;
  /** Host header. */
  host: string | undefined;
}

/** The origin of the console in the browser. */
export interface OwnOrigin {
  /** Origin of web.publicUrl, if it is set. */
  publicOrigin: string | undefined;
  /** Whether browsers use HTTPS, if there is no publicOrigin. */
  secure: boolean;
}

/**
 * Whether a POST comes from a page of the console. Pages cannot forge these headers. The pages send no referrer, so
 * their forms have the Origin `null` (WHATWG Fetch), and Sec-Fetch-Site decides. A request with neither is rejected.
 */
export function isOwnOrigin({ origin, fetchSite, host }: RequestOrigin, { publicOrigin, secure }: OwnOrigin): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin') return false;
  if (origin === undefined || origin === 'null') return fetchSite === 'same-origin';
  if (publicOrigin !== undefined) return origin === publicOrigin;
  // Behind a proxy that terminates TLS, only the browser knows the scheme; it has compared it for Sec-Fetch-Site.
  const schemes = fetchSite === 'same-origin' ? ['https', 'http'] : [secure ? 'https' : 'http'];
  return schemes.some((scheme) => URL.parse(`${scheme}://${host}`)?.origin === origin);
}
