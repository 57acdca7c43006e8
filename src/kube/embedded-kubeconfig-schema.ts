import { z } from 'zod';

/** A field that must not be set, because it would give the author of the kubeconfig control over the operator. */
const forbidden = (why: string) => z.undefined({ error: `is not allowed: ${why}` }).optional();

const program = forbidden('it would run a program in the operator');
const file = forbidden('it would read a file of the operator; embed the data instead');
const impersonation = forbidden('the operator does not impersonate users');
const basicAuth = forbidden('Kubernetes does not support passwords; use a token or a client certificate');

const base64 = z.base64({ error: 'must be base64' }).min(1, 'must not be empty');

/** Ignored fields that other tools use. */
const ignored = { extensions: z.unknown().optional() };

/** Bounds the time of parsing. Longer than the URL of any API server, characters. */
const maxServerLength = 2_048;

const cluster = z.strictObject(
  {
    ...ignored,
    server: z.string({ error: 'must be a URL' }).superRefine((server, context) => {
      const problem = problemOfServer(server);
      if (problem !== undefined) context.addIssue(problem);
    }),
    'certificate-authority-data': base64.optional(),
    'tls-server-name': z
      .string({ error: 'must be a host name' })
      .regex(/^[A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?$/, 'must be a host name')
      .optional(),
    'insecure-skip-tls-verify': z
      .literal(false, { error: 'is not allowed: any server could impersonate the cluster' })
      .optional(),
    'disable-compression': z.boolean({ error: 'must be true or false' }).optional(),
    'certificate-authority': file,
    'proxy-url': forbidden('it would send credentials to another host'),
  },
  { error: 'must be an object' },
);

const user = z
  .strictObject(
    {
      ...ignored,
      token: z
        .string({ error: 'must be a string' })
        .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
        .optional(),
      'client-certificate-data': base64.optional(),
      'client-key-data': base64.optional(),
      exec: program,
      'auth-provider': program,
      tokenFile: file,
      'token-file': file,
      'client-certificate': file,
      'client-key': file,
      as: impersonation,
      'as-uid': impersonation,
      'as-groups': impersonation,
      'as-user-extra': impersonation,
      username: basicAuth,
      password: basicAuth,
    },
    { error: 'must be an object' },
  )
  .refine((one) => (one['client-certificate-data'] === undefined) === (one['client-key-data'] === undefined), {
    error: 'client-certificate-data and client-key-data must be set together',
  })
  .refine((one) => one.token !== undefined || one['client-certificate-data'] !== undefined, {
    error: 'must have a token, or client-certificate-data and client-key-data',
  });

/** The outer structure. Entries that the current context does not use are not validated, except for their names. */
const text = z.string({ error: 'must be a string' });
const list = <T extends z.ZodType>(entry: T) => z.array(entry, { error: 'must be a list' });
const object = { error: 'must be an object' };
const document = z.object(
  {
    'current-context': text,
    contexts: list(z.object({ name: text, context: z.object({ cluster: text, user: text }, object) }, object)),
    clusters: list(z.object({ name: text, cluster: z.unknown().optional() }, object)),
    users: list(z.object({ name: text, user: z.unknown().optional() }, object)),
  },
  object,
);

export type ClusterEntry = z.infer<typeof cluster>;
export type UserEntry = z.infer<typeof user>;

/** The rules for a kubeconfig from an untrusted source. */
export const embeddedKubeconfig = { document, cluster, user };

/** @returns what is wrong with the URL of a server, or undefined */
function problemOfServer(server: string): string | undefined {
  if (server.length > maxServerLength) return `must not be longer than ${maxServerLength} characters`;
  const url = URL.parse(server);
  if (!url) return 'must be a URL';
  if (url.protocol !== 'https:') return 'must be an https URL';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or a password';
  if (url.search !== '' || url.hash !== '') return 'must not contain a query or a fragment';
  return undefined;
}
