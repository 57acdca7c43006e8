import { z } from 'zod';
import { lifetime, name, stringOrURI } from './fields.ts';
import { trustedIssuers } from './trusted-issuers.ts';

/**
 * Retired keys are kept until their tokens have expired. All keys must fit into one Secret and one published key set.
 */
const maxRetiredKeys = 50;

/** The lifecycle of the signing keys, see docs/signing-keys.md. */
const signingKeys = z
  .strictObject({
    secretName: name
      .default('accesskey-operator-signing-keys')
      .describe("Name of the signing-key Secret, in the operator's namespace."),
    algorithm: z
      .enum(['RS256', 'ES256', 'EdDSA', 'Ed25519'])
      .default('RS256')
      .describe('Algorithm of the next key; EdDSA uses Ed25519, and Ed25519 is its name in RFC 9864.'),
    rotationDays: z
      .int()
      .min(0)
      .max(3650)
      .default(30)
      .describe('How long a key signs tokens, days; 0 disables automatic rotation.'),
    publishAheadHours: z
      .int()
      .min(1)
      .max(8760)
      .default(24)
      .describe('How long a key is published before it signs tokens, hours.'),
  })
  .prefault({})
  .refine((one) => one.rotationDays === 0 || one.publishAheadHours <= one.rotationDays * 24, {
    path: ['publishAheadHours'],
    message: 'must not be longer than token.signingKeys.rotationDays',
  });

/** Tokens and token requests. */
export const token = z
  .strictObject({
    issuer: stringOrURI.default('ghippo.io').describe('iss claim of the tokens; discovery requires an https URL.'),
    audience: stringOrURI.optional().describe('aud claim of the tokens; if unset, they have none.'),
    exchangeAudience: stringOrURI
      .optional()
      .describe('Required audience of ServiceAccount tokens in a token exchange; if unset, the issuer.'),
    defaultCycle: z.int().min(1).max(3650).default(3).describe('Default validity of a token, days.'),
    maxCycle: z.int().min(1).max(3650).default(30).describe('Maximum validity of a token, days.'),
    lifetime: lifetime
      .optional()
      .describe(
        'Default validity of tokens of the OAuth 2.0 endpoint in hours, minutes and seconds, such as 1h; ' +
          'if unset, defaultCycle.',
      ),
    type: z
      .enum(['JWT', 'at+jwt'])
      .default('JWT')
      .describe('typ of tokens of the OAuth 2.0 endpoint; at+jwt: the profile of RFC 9068, which requires audience.'),
    trustedIssuers,
    signingKeys,
    /** A token bucket for the failed attempts of each address. */
    failureThrottle: z
      .strictObject({
        burst: z
          .int()
          .min(1)
          .max(1_000_000)
          .default(10)
          .describe('Number of failed attempts that an address may make at once.'),
        refillSeconds: z
          .number()
          .min(0.001)
          .max(3600)
          .default(3)
          .describe('Time until an address may make one more failed attempt, seconds.'),
      })
      .prefault({}),
  })
  .prefault({})
  .refine(({ maxCycle, signingKeys: { rotationDays } }) => maxCycle <= rotationDays * maxRetiredKeys || !rotationDays, {
    path: ['signingKeys', 'rotationDays'],
    message: `must be 0, or at least token.maxCycle / ${maxRetiredKeys}`,
  })
  .refine((token) => token.defaultCycle <= token.maxCycle, {
    path: ['defaultCycle'],
    message: 'must not be greater than token.maxCycle',
  })
  .refine((token) => token.type === 'JWT' || token.audience !== undefined, {
    path: ['type'],
    message: 'at+jwt requires token.audience',
  })
  .refine((token) => token.trustedIssuers.every(({ issuer }) => issuer !== token.issuer), {
    path: ['trustedIssuers'],
    message: 'must not contain token.issuer',
  })
  .refine((token) => (token.lifetime ?? 0) <= token.maxCycle * 86_400, {
    path: ['lifetime'],
    message: 'must not be longer than token.maxCycle',
  });
