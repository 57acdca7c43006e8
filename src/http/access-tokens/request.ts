/** The body of a request for an access token, and the rules for its name and its expiry; pure except for reading. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { formatTime, parseEnteredTime } from '../../accesskey/model/time.ts';
import { dayMs } from '../../kube/duration.ts';
import { isDnsLabel } from '../../kube/names.ts';
import { jsonEntries, jsonType, readBody } from '../common/body.ts';
import type { Environment } from '../common/environment.ts';
import { badRequest, PlatformError, violation } from '../common/errors.ts';
import { gather, problemOf, requiredText, unsetIfEmpty } from '../common/parameters.ts';

const expiryRule = 'must be a time in milliseconds since the epoch, or in RFC 3339';

/** The fields of the request: currentuserCreateAccessTokenRequest. */
export const AccessTokenRequest = z
  .strictObject({
    name: requiredText('Name of the access token and its key pair, an RFC 1123 label', 'ci').refine(
      isDnsLabel,
      'must consist of lower-case letters, digits and hyphens, with a letter or digit at both ends, at most 63 characters',
    ),
    expiredAt: unsetIfEmpty(
      z
        .string({ error: problemOf })
        .transform(toTime)
        .refine((time) => !Number.isNaN(time), expiryRule)
        .optional(),
    ).openapi({
      type: 'string',
      description: 'Milliseconds since the epoch, or RFC 3339; if unset, as late as possible',
      example: '1893456000000',
    }),
  })
  .openapi('AccessTokenRequest', { description: 'A request for an access token.' });

/** @returns milliseconds since the epoch; NaN for an invalid time */
function toTime(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  return parseEnteredTime(text) ?? Number.NaN;
}

/** @throws PlatformError 400 that names the field, 415 for another media type than JSON */
export async function readAccessTokenRequest(
  context: Context<Environment>,
): Promise<z.output<typeof AccessTokenRequest>> {
  const { type, text } = await readBody(context.req, [jsonType]);
  const parsed = AccessTokenRequest.safeParse(gather(type === jsonType ? jsonEntries(text) : []));
  if (!parsed.success) throw badRequest(parsed.error);
  return parsed.data;
}

/** Minimum validity of an access token, milliseconds. */
const minValidityMs = 60_000;

/**
 * Decides when an access token expires. It lives as long as its key pair, so it must expire: the maximum validity of tokens
 * also determines how long signing keys are kept. It never outlives the key pair that it is requested with.
 *
 * @param limits `pairExpiresAt`: when that key pair expires; times in milliseconds since the epoch
 * @returns whole seconds, in milliseconds since the epoch
 * @throws PlatformError 400, 403
 */
export function expiryOf(
  requested: number | undefined,
  { now, maxDays, pairExpiresAt }: { now: number; maxDays: number; pairExpiresAt: number },
): number {
  const latest = Math.floor((now + maxDays * dayMs) / 1000) * 1000;
  const expiry = Math.floor((requested ?? Math.min(latest, pairExpiresAt)) / 1000) * 1000;
  if (expiry > latest) throw violation('expiredAt', `must be at most ${maxDays} days in the future`);
  if (expiry > pairExpiresAt) {
    const end = formatTime(pairExpiresAt);
    const message = `expiredAt: the access token must not outlive the key pair of your token, which expires at ${end}`;
    throw new PlatformError('permissionDenied', message);
  }
  if (expiry < now + minValidityMs) {
    if (requested !== undefined) throw violation('expiredAt', 'must be at least one minute in the future');
    throw new PlatformError('permissionDenied', 'the key pair of your token expires within a minute');
  }
  return expiry;
}
