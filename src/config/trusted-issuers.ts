import { z } from 'zod';
import { isSecureUrl, label, stringOrURI } from './fields.ts';

const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

function isIssuer(text: string): boolean {
  return isSecureUrl(text) && text.length <= 256 && !/[?#@\s]/.test(text);
}

/** Issuers of the tokens that subjects in spec.federated of AccessKeys exchange. */
export const trustedIssuers = z
  .array(
    z.strictObject({
      issuer: z.string().refine(isIssuer, 'must be an https URL without user, query and fragment'),
      caFile: z.string().min(1).optional(),
      audiences: z.array(stringOrURI).min(1).max(16),
      algorithms: z.array(z.enum(algorithms)).min(1).default(['RS256', 'ES256']),
      namespaces: z.array(label).min(1).max(256).optional(),
    }),
  )
  .max(16)
  .default([])
  .refine((all) => new Set(all.map(({ issuer }) => issuer)).size === all.length, 'must not contain an issuer twice')
  .describe(
    'Issuers whose tokens can be exchanged, see federation.md: issuer, caFile (PEM of its CA), audiences, algorithms (default: ' +
      'RS256, ES256), namespaces (whose AccessKeys may name its subjects; default: all).',
  );
