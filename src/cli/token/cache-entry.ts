/** The format of the token cache, and how long its entries are used (pure). */
import { hash } from 'node:crypto';
import type { TokenTerms } from './request.ts';
import type { IssuedToken } from './response.ts';

/** What a cached token was requested with. Contains no secret. */
export interface CacheKey extends TokenTerms {
  /** The ak, or where the token to exchange comes from. */
  readonly identity: string;
}

const version = 1;

/** A token is replaced this long before it expires, or after this part of its lifetime, milliseconds. */
const maxMarginMs = 5 * 60_000;
const marginPart = 0.2;

/**
 * A token is replaced after this time, milliseconds: a token that has been revoked, or that lacks a new group, is in use
 * for at most one hour.
 */
const maxAgeMs = 60 * 60_000;

/** Tolerated difference between the clocks of two runs, milliseconds. */
const clockToleranceMs = 5_000;

/** @returns a file name, different for each key */
export function cacheFileName({ server, audience = '', days = 0, identity }: CacheKey): string {
  return `${hash('sha256', JSON.stringify([server, audience, days, identity]))}.json`;
}

export function formatEntry(issued: IssuedToken): string {
  return `${JSON.stringify({ version, ...issued })}\n`;
}

/** @returns the cached token; undefined if the text is not a complete entry of this version */
export function parseEntry(text: string): IssuedToken | undefined {
  try {
    const { version: found, token, issuedAt, expiresAt } = JSON.parse(text) as Record<string, unknown>;
    const isValid = found === version && typeof token === 'string' && /^[\w.-]+$/.test(token);
    return isValid && Number.isFinite(issuedAt) && Number.isFinite(expiresAt)
      ? { token, issuedAt: issuedAt as number, expiresAt: expiresAt as number }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a cached token is used without asking the server. @param now milliseconds since the epoch */
export function isFresh({ issuedAt, expiresAt }: IssuedToken, now: number): boolean {
  const margin = Math.min(maxMarginMs, (expiresAt - issuedAt) * marginPart);
  return now < expiresAt - margin && now - issuedAt < maxAgeMs && isOfPast(issuedAt, now);
}

/** Whether a token can still be used while the server is unavailable. */
export function isUsable({ issuedAt, expiresAt }: IssuedToken, now: number): boolean {
  return now < expiresAt - clockToleranceMs && isOfPast(issuedAt, now);
}

/** A token from the future was issued while the clock was ahead, so it is unknown when it expires. */
function isOfPast(issuedAt: number, now: number): boolean {
  return issuedAt <= now + clockToleranceMs;
}
