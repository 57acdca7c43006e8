/** Reads the response to a request for a token (pure). */
import { oneLine } from '../../kube/printable.ts';
import type { ServerResponse } from './send.ts';
import { TokenError } from './token-error.ts';

/** A token from the server. */
export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch, on the clock of this machine. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** The request that a response belongs to. */
export interface ResponseContext {
  readonly server: string;
  /** Whether the credential is a key pair; else a token to exchange. */
  readonly isPair: boolean;
  /** When the request was sent, milliseconds since the epoch. */
  readonly sentAt: number;
  /** Values that a message must not contain. */
  readonly secrets: readonly string[];
}

/** RFC 6750 section 2.1. Other text would reach the terminal, scripts and files of the user. */
const bearerToken = /^[\w.~+/-]+=*$/;
/** A longer validity has no expiry that can be written as a time, seconds. */
const maxSeconds = 10 * 366 * 86_400;

/**
 * Reads a token response (RFC 6749 section 5.1, or `{"token"}` in the format of the platform). The expiry is computed from
 * the validity in seconds, so that it does not depend on the clock of the server.
 *
 * @throws TokenError that says what the server rejects and what to do
 */
export function readTokenResponse(response: ServerResponse, context: ResponseContext): IssuedToken {
  const fields = parseObject(response.body);
  if (response.status !== 200) throw rejection(response, fields, context);
  const token = fields?.access_token ?? fields?.token;
  if (typeof token !== 'string' || !bearerToken.test(token)) throw noTokenServer(context);
  const seconds = fields?.expires_in ?? lifetimeOf(token);
  if (typeof seconds !== 'number' || !(seconds > 0 && seconds <= maxSeconds)) throw noTokenServer(context);
  return { token, issuedAt: context.sentAt, expiresAt: context.sentAt + seconds * 1000 };
}

/** @returns seconds from `iat` to `exp` of a token that is not verified */
function lifetimeOf(token: string): number | undefined {
  const { exp, iat } = unverifiedClaims(token) ?? {};
  return typeof exp === 'number' && typeof iat === 'number' ? exp - iat : undefined;
}

/** @returns the claims of a JWT without any check; undefined if it is not a JWT */
export function unverifiedClaims(token: string): Record<string, unknown> | undefined {
  return parseObject(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const pairHint =
  'The key pair may have been rotated or disabled, or has expired. `kubectl accesskey get` shows its state; after a ' +
  'rotation, read the new key pair from its Secret and replace the stored one.';
const exchangeHint =
  'docs/tokens.md has the conditions for a ServiceAccount, docs/federation.md for a CI job. Decode the token with `kubectl accesskey token inspect`.';

function rejection(
  { status, headers }: ServerResponse,
  fields: Record<string, unknown> | undefined,
  context: ResponseContext,
): TokenError {
  const { server, isPair } = context;
  const retryAfterSeconds = retryAfter(headers['retry-after']);
  const detail = detailOf(fields, context.secrets);
  const because = detail === '' ? '' : `: ${detail}`;
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  if (status === 429) {
    const seconds = retryAfterSeconds === undefined ? 'later' : `in ${retryAfterSeconds} s`;
    return new TokenError('throttled', `${server}: too many failed attempts (429), try again ${seconds}`, wait);
  }
  if (status >= 500) return new TokenError('unavailable', `${server} is unavailable (${status})${because}`, wait);
  if (status >= 300 && status < 400) {
    return new TokenError('invalid-response', `${server} responds with a redirect (${status})`, {
      hint: 'The credential is not sent to another address. Set --server to the final URL.',
    });
  }
  if (fields === undefined || detail === '') return noTokenServer(context, status);
  const what = isPair ? 'the key pair' : 'the token to exchange';
  const isCredential = status === 401 || (!isPair && fields.error !== 'invalid_target');
  const hint = isCredential ? { hint: isPair ? pairHint : exchangeHint } : {};
  const subject = isCredential ? what : 'the request';
  return new TokenError('rejected', `${server} rejects ${subject} (${status})${because}`, hint);
}

function noTokenServer({ server }: ResponseContext, status = 200): TokenError {
  return new TokenError('invalid-response', `${server} does not respond like a token server (status ${status})`, {
    hint: 'Set --server to the URL of the API of accesskey-operator.',
  });
}

/** @returns seconds (RFC 9110 section 10.2.3; a date is ignored, because the operator sends seconds) */
function retryAfter(value: string | string[] | undefined): number | undefined {
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

/** Longest text of the server in a message, bytes of UTF-8. */
const maxDetailBytes = 300;

/** @returns the server's text in one line; empty if there is none */
function detailOf(fields: Record<string, unknown> | undefined, secrets: readonly string[]): string {
  const text = fields?.error_description ?? fields?.message ?? fields?.error;
  if (typeof text !== 'string') return '';
  const safe = secrets.reduce((all, secret) => (secret === '' ? all : all.replaceAll(secret, '…')), text);
  return oneLine(safe, maxDetailBytes);
}
