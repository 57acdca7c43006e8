import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SessionKeys } from './session.ts';

/** Name of the field that every form of a signed-in person has. */
export const formTokenField = 'form_token';

/** The synchroniser token of a session's forms: only a page of ours can know it, since it is made with a key of ours. */
export function formTokenOf(sessionId: string, { form }: SessionKeys): string {
  return createHmac('sha256', form).update(sessionId).digest('base64url');
}

/** Compares in constant time. */
export function isFormToken(given: string | undefined, sessionId: string, keys: SessionKeys): boolean {
  const expected = Buffer.from(formTokenOf(sessionId, keys));
  const actual = Buffer.from(given ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** What a request says of the page that it comes from. */
export interface RequestOrigin {
  /** Origin header (RFC 6454). */
  origin: string | undefined;
  /** Sec-Fetch-Site header (Fetch Metadata), which browsers send by HTTPS and to localhost. */
  fetchSite: string | undefined;
  /** Host header. */
  host: string | undefined;
}

/**
 * Whether a POST comes from a page of ours. No page can forge these headers. Since our pages ask for no referrer, Origin is
 * `null` for their forms (WHATWG Fetch), so that Sec-Fetch-Site must say it; a request with neither is refused.
 *
 * @param publicOrigin under which browsers know the pages, when a proxy stands before them that changes Host
 */
export function isOwnOrigin({ origin, fetchSite, host }: RequestOrigin, publicOrigin?: string): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin') return false;
  if (origin === undefined || origin === 'null') return fetchSite === 'same-origin';
  if (publicOrigin !== undefined) return origin === publicOrigin;
  return URL.parse(origin)?.host === host;
}
