/** The output of `token inspect` for people (pure). */
import { printable } from '../../kube/printable.ts';
import { durationText, timeText } from './claims-problems.ts';
import type { Inspection } from './inspect.ts';

export interface InspectionContext {
  /** Where the keys were read. */
  readonly from: string;
  /** Whether the user required an issuer, directly or through the token server. */
  readonly hasIssuer: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** @returns lines: the verdict, then what the token contains */
export function inspectionText({ valid, problems, header, claims }: Inspection, context: InspectionContext): string {
  const { from, hasIssuer, now } = context;
  const verdict = valid ? [`valid, verified with the keys at ${from}`] : problems.map((one) => `invalid: ${one}`);
  const trust =
    valid && !hasIssuer
      ? ['warning: only the token itself names this issuer; require one with --issuer or --server']
      : [];
  const { exp, iat, nbf } = claims ?? {};
  const rows: [string, unknown][] = [
    ['issuer', claims?.iss],
    ['subject', claims?.sub],
    ['user', claims?.preferred_username],
    ['groups', claims?.groups],
    ['client', claims?.client_id],
    ['audience', claims?.aud],
    ['issued', time(iat, now)],
    ['not before', time(nbf, now)],
    ['expires', time(exp, now)],
    ['algorithm', header?.alg],
    ['key', header?.kid],
    ['type', header?.typ],
  ];
  const lines = rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${`${name}:`.padEnd(12)}${show(value)}`);
  // An unverified token and the metadata of its issuer may contain anything.
  return [...verdict, ...trust, ...lines].map((line) => `${printable(line)}\n`).join('');
}

function time(seconds: unknown, now: number): string | undefined {
  if (typeof seconds !== 'number') return undefined;
  const distance = durationText(Math.abs(seconds * 1000 - now));
  return `${timeText(seconds)} (${seconds * 1000 <= now ? `${distance} ago` : `in ${distance}`})`;
}

function show(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}
