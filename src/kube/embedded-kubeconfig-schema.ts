import { z } from 'zod';

/** Fields of a kubeconfig that would make us do what its writer wants, with the reason why they are refused. */
const forbidden = (why: string) => z.undefined({ error: `is not allowed: ${why}` }).optional();

const program = forbidden('it would run a program in the operator');
const file = forbidden('it would read a file of the operator; put the data itself here');
const other = forbidden('the operator acts as itself only');
const retired = forbidden('Kubernetes knows no passwords; use a token or a client certificate');

const base64 = z.base64({ error: 'must be base64' }).min(1, 'must not be empty');

/** Hints of tools for themselves, which mean nothing here. */
const hints = { extensions: z.unknown().optional() };

const cluster = z.strictObject(
  {
    ...hints,
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
      .literal(false, { error: 'is not allowed: anybody could answer as the cluster' })
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
      ...hints,
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
      as: other,
      'as-uid': other,
      'as-groups': other,
      'as-user-extra': other,
      username: retired,
      password: retired,
    },
    { error: 'must be an object' },
  )
  .refine((one) => (one['client-certificate-data'] === undefined) === (one['client-key-data'] === undefined), {
    error: 'client-certificate-data and client-key-data go together',
  })
  .refine((one) => one.token !== undefined || one['client-certificate-data'] !== undefined, {
    error: 'must have a token, or client-certificate-data and client-key-data',
  });

/** The outside: of an entry that the current context does not name, only the name is looked at. */
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

export type TrustedCluster = z.infer<typeof cluster>;
export type TrustedUser = z.infer<typeof user>;

/** The rules by which a kubeconfig is read that somebody else wrote, part by part. */
export const embeddedKubeconfig = { document, cluster, user };

/** What is wrong with the URL of a server; undefined when nothing is. */
function problemOfServer(server: string): string | undefined {
  const url = URL.parse(server);
  if (!url) return 'must be a URL';
  if (url.protocol !== 'https:') return 'must be an https URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or a password';
  if (url.search !== '' || url.hash !== '') return 'must not hold a query or a fragment';
  return undefined;
}
