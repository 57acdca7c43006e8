import { z } from 'zod';
import { name } from './fields.ts';

/** The pages where people manage their keys. */
export const web = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** What who signs in by a key pair may do: manage their own pairs, look at them, or not sign in at all. */
    keyPairSignIn: z.enum(['manage', 'view', 'off']).default('manage'),
    /** The longest session, minutes. */
    sessionMinutes: z.int().min(1).max(480).default(480),
    /** Secret with the key of the sessions, in the operator's namespace. */
    sessionSecretName: name.default('accesskey-operator-web-session'),
    /** Under which browsers know the pages, when a proxy stands before them. */
    publicUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .refine((url) => new URL(url).pathname === '/', 'must be without a path, the pages are at the root')
      .optional(),
  })
  .prefault({});
