/** Explains why claims make a token invalid (pure). */
import type { JWTPayload } from 'jose';

export interface ClaimExpectations {
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** @returns one clause for each problem: issuer, audience and times */
export function problemsOfClaims(claims: JWTPayload, { issuer, audience, now }: ClaimExpectations): string[] {
  const { iss, aud } = claims;
  const audiences = [aud ?? []].flat();
  const problems: (string | false)[] = [
    issuer !== undefined && iss !== issuer && `its issuer is ${show(iss)}, not ${show(issuer)}`,
    audience !== undefined && !audiences.includes(audience) && audienceProblem(audiences, audience),
    expiryProblem(claims.exp, now),
    startProblem('nbf', claims.nbf, now),
    startProblem('iat', claims.iat, now),
  ];
  return problems.filter((problem) => problem !== false);
}

function audienceProblem(audiences: readonly string[], expected: string): string {
  const found = audiences.length === 0 ? 'it has no audience' : `its audience is ${audiences.map(show).join(', ')}`;
  return `${found}, not ${show(expected)}`;
}

function expiryProblem(exp: unknown, now: number): string | false {
  if (typeof exp !== 'number') return 'it has no expiry (exp), which the operator always sets';
  return exp * 1000 <= now && `it expired ${durationText(now - exp * 1000)} ago, at ${timeText(exp)}`;
}

function startProblem(claim: 'nbf' | 'iat', seconds: unknown, now: number): string | false {
  if (typeof seconds !== 'number' || seconds * 1000 <= now) return false;
  const clock = 'if that is unexpected, compare the clock of this machine with that of the issuer';
  const wait = `${durationText(seconds * 1000 - now)}, at ${timeText(seconds)}`;
  return `it is not yet valid: its ${claim} is in ${wait}; ${clock}`;
}

function show(value: unknown): string {
  return JSON.stringify(value ?? null).slice(0, 200);
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** @returns a duration in its two largest units, for example `2h 3m` */
export function durationText(milliseconds: number): string {
  let rest = Math.max(1, Math.floor(milliseconds / 1000));
  const parts = units.map(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return { count, text: `${count}${unit}` };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ text }) => text)
    .join(' ');
}

/** @returns RFC 3339, or the number itself if it is no time that can be written like that */
export function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : `${date.toISOString().slice(0, 19)}Z`;
}
