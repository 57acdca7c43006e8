import { z } from 'zod';
import { name, stringOrURI } from './fields.ts';

/** Retired keys are kept until their tokens have run out, and all of them are in one Secret and one published set. */
const maxRetiredKeys = 50;

/** The life of the signing keys, see docs/signing-keys.md. */
const signingKeys = z
  .strictObject({
    secretName: name
      .default('accesskey-operator-signing-keys')
      .describe("Name of their Secret, in the operator's namespace."),
    algorithm: z.enum(['RS256', 'ES256', 'EdDSA']).default('RS256').describe('Of the next key; EdDSA is with Ed25519.'),
    rotationDays: z
      .int()
      .min(0)
      .max(3650)
      .default(30)
      .describe('How long a key signs, days; 0: rotation by hand only.'),
    publishAheadHours: z
      .int()
      .min(1)
      .max(8760)
      .default(24)
      .describe('How long a key is published before it signs, hours.'),
  })
  .prefault({})
  .refine((one) => one.rotationDays === 0 || one.publishAheadHours <= one.rotationDays * 24, {
    path: ['publishAheadHours'],
    message: 'must not be longer than token.signingKeys.rotationDays',
  });

/** Tokens, and what they are asked for with. */
export const token = z
  .strictObject({
    issuer: stringOrURI.default('ghippo.io').describe('iss of the tokens.'),
    audience: stringOrURI.optional().describe('aud of the tokens; without it they have none.'),
    exchangeAudience: stringOrURI
      .optional()
      .describe("aud that a ServiceAccount's token must have to be exchanged; without it, the issuer."),
    defaultCycle: z.int().min(1).max(3650).default(3).describe('Validity when the caller names none, days.'),
    maxCycle: z.int().min(1).max(3650).default(30).describe('The longest validity, days.'),
    signingKeys,
    /** Failed attempts of one address: so many at once, and one more in each so many seconds. */
    failureThrottle: z
      .strictObject({
        burst: z.int().min(1).max(1_000_000).default(10).describe('Failed attempts that an address may make at once.'),
        refillSeconds: z.number().min(0.001).max(3600).default(3).describe('Time until it may make one more, seconds.'),
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
  });
