import { z } from 'zod';
import { name } from './fields.ts';

/** The pages where people manage their keys. */
export const web = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether the pages are served where people manage their keys.'),
    keyPairSignIn: z
      .enum(['manage', 'view', 'off'])
      .default('manage')
      .describe('What who signs in by a key pair may do: manage their own pairs, look at them, or not sign in at all.'),
    sessionMinutes: z.int().min(1).max(480).default(480).describe('The longest session, minutes.'),
    sessionSecretName: name
      .default('accesskey-operator-web-session')
      .describe("Secret with the key of the sessions, in the operator's namespace."),
    publicUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .refine((url) => new URL(url).pathname === '/', 'must be without a path, the pages are at the root')
      .optional()
      .describe('Under which browsers know the pages, when a proxy stands before them.'),
  })
  .prefault({});
