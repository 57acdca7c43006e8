/** The rules for requests that the app cannot serve; pure. */
import type { IncomingMessage } from 'node:http';
import type { ErrorKind } from '../common/errors.ts';
import { isDecodable } from '../common/parameter-limit.ts';

/** Why a request is rejected. */
export interface Rejection {
  status: 400 | 405 | 408 | 417 | 431 | 500 | 501 | 505;
  message: string;
  /** Default: invalidArgument. */
  kind?: ErrorKind;
  headers?: Readonly<Record<string, string>>;
}

export const malformed: Rejection = { status: 400, message: 'the request is malformed' };
export const headersTooLarge: Rejection = { status: 431, message: 'the request headers are too large' };

/** Methods of the whole server. */
export const allow = 'GET, HEAD, POST, OPTIONS';
export const connectRejection: Rejection = {
  status: 405,
  message: `method not allowed, must be ${allow}`,
  kind: 'methodNotAllowed',
  headers: { Allow: allow },
};
export const expectationRejection: Rejection = { status: 417, message: 'Expect: must be 100-continue' };
const codingRejection: Rejection = {
  status: 501,
  message: 'Transfer-Encoding: must be chunked',
  kind: 'methodNotAllowed',
};

/** An HTTP/2.0 request in the syntax of HTTP/1.1, which Node's parser accepts. */
const versionRejection: Rejection = {
  status: 505,
  message: 'the HTTP version must be 1.0 or 1.1',
  kind: 'methodNotAllowed',
};

/** A name, an IPv4 address, or an IPv6 address in brackets, with an optional port (RFC 3986 section 3.2). */
const hostPattern = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{0,5})?$/i;
/** A name that every URL can have: it does not end like an IPv4 address, and no label is internationalized. */
const plainHost = /^(?!.*xn--)(?:[\w-]+\.)*[a-z_][\w-]*(?::\d{1,4})?$/i;
/** Maximum number of headers. Node drops those above its own limit, or rejects them, depending on its version. */
const maxHeaders = 1_000;

/**
 * @returns why the request cannot be served: its version (RFC 9110 section 15.6.6), its headers, its Host (RFC 9112 section
 * 3.2), its transfer coding (section 6.1) or its target; undefined if it can
 */
export function findRejection(request: IncomingMessage): Rejection | undefined {
  const { httpVersion, rawHeaders, headers, url = '' } = request;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return versionRejection;
  if (rawHeaders.length / 2 > maxHeaders) return headersTooLarge;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.length === 4 && /^host$/i.test(name)).length;
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) return malformed;
  if (hosts === 1 && !isValidHost(headers.host ?? '')) return malformed;
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && httpVersion === '1.0') return malformed;
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') return codingRejection;
  return isMalformedTarget(url) ? malformed : undefined;
}

/** Whether a URL can have this host: not 10.0.0.256, for example. Parsing a URL takes several times as long as a pattern. */
function isValidHost(host: string): boolean {
  return plainHost.test(host) || (hostPattern.test(host) && URL.canParse(`http://${host}`));
}

/** Whether a target has a fragment (RFC 9112 section 3.2) or credentials (RFC 9110 section 4.2.4), or an invalid path. */
function isMalformedTarget(target: string): boolean {
  if (target.includes('#') || /^https?:\/\/[^/?]*@/i.test(target)) return true;
  return hasDotSegments(target) || isCostlyPath(target);
}

/** Hono decodes a path that is not percent-encoded UTF-8 piece by piece, at the cost of an exception each. */
const maxUndecodablePath = 1_024;

/** Shorter ones are accepted: forward-auth receives the paths of applications. */
function isCostlyPath(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return path.length > maxUndecodablePath && path.includes('%') && !isDecodable(path);
}

/**
 * Whether the path has dot segments or backslashes. They are resolved before routing, so a request under the forward-auth
 * path of a gateway could reach another route.
 */
function hasDotSegments(target: string): boolean {
  const [path = ''] = target.split('?', 1);
  return path.split(/[/\\]/).some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)) || path.includes('\\');
}
