import { z } from 'zod';
import { name, stringOrURI } from './fields.ts';

/** Retired keys are kept until their tokens have run out, and all of them are in one Secret and one published set. */
const maxRetiredKeys = 50;

/** The life of the signing keys, see docs/signing-keys.md. */
const signingKeys = z
  .strictObject({
    /** Name of their Secret, in the operator's namespace. */
    secretName: name.default('accesskey-operator-signing-keys'),
    /** Of the next key; EdDSA is with Ed25519. */
    algorithm: z.enum(['RS256', 'ES256', 'EdDSA']).default('RS256'),
    /** How long a key signs, days; 0: rotation by hand only. */
    rotationDays: z.int().min(0).max(3650).default(30),
    /** How long a key is published before it signs, hours. */
    publishAheadHours: z.int().min(1).max(8760).default(24),
  })
  .prefault({})
  .refine((one) => one.rotationDays === 0 || one.publishAheadHours <= one.rotationDays * 24, {
    path: ['publishAheadHours'],
    message: 'must not be longer than token.signingKeys.rotationDays',
  });

/** Tokens, and what they are asked for with. */
export const token = z
  .strictObject({
    /** iss of the tokens. */
    issuer: stringOrURI.default('ghippo.io'),
    /** aud of the tokens; without it they have none. */
    audience: stringOrURI.optional(),
    /** aud that a ServiceAccount's token must have to be exchanged; without it, the issuer. */
    exchangeAudience: stringOrURI.optional(),
    /** Validity when the caller names none, days. */
    defaultCycle: z.int().min(1).max(3650).default(3),
    /** The longest validity, days. */
    maxCycle: z.int().min(1).max(3650).default(30),
    signingKeys,
    /** Failed attempts of one address: so many at once, and one more in each so many seconds. */
    failureThrottle: z
      .strictObject({
        burst: z.int().min(1).max(1_000_000).default(10),
        refillSeconds: z.number().min(0.001).max(3600).default(3),
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
