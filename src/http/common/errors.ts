import { z } from '@hono/zod-openapi';

/** Error codes of the platform: gRPC's numbers and the HTTP status that goes with each (google.rpc.Code). */
const codes = {
  invalidArgument: { code: 3, status: 400 },
  contentTooLarge: { code: 3, status: 413 },
  unsupportedMediaType: { code: 3, status: 415 },
  methodNotAllowed: { code: 12, status: 405 },
  resourceExhausted: { code: 8, status: 429 },
  unauthenticated: { code: 16, status: 401 },
  permissionDenied: { code: 7, status: 403 },
  notFound: { code: 5, status: 404 },
  internal: { code: 13, status: 500 },
  unavailable: { code: 14, status: 503 },
} as const;

export type ErrorKind = keyof typeof codes;

/** A field of the request and what is wrong with it (google.rpc.BadRequest.FieldViolation). */
export interface FieldViolation {
  field: string;
  description: string;
}

/** An answer that is an error. The message is for the caller and never holds a secret. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly status: (typeof codes)[ErrorKind]['status'];
  readonly code: number;
  readonly violations: readonly FieldViolation[];
  /** Headers that the answer needs: WWW-Authenticate of a 401, Allow of a 405, Retry-After of a 429 (RFC 9110). */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    kind: ErrorKind,
    message: string,
    more: { violations?: readonly FieldViolation[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = codes[kind].status;
    this.code = codes[kind].code;
    this.violations = more.violations ?? [];
    this.headers = more.headers ?? {};
  }
}

/** The error form of the platform: google.rpc.Status in JSON. */
export const ErrorBody = z
  .strictObject({
    code: z.int().openapi({ description: 'gRPC status code', example: 3 }),
    message: z.string().openapi({ description: 'What is wrong, for a person', example: 'cycle: must be 30 at most' }),
    details: z.array(z.looseObject({ '@type': z.string() })).openapi({
      description: 'For a bad request, a google.rpc.BadRequest that names each field',
    }),
  })
  .openapi('Error');

/** The body of an error. */
export function errorBody({ code, message, violations }: PlatformError): z.infer<typeof ErrorBody> {
  const badRequest = { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations };
  return { code, message, details: violations.length > 0 ? [badRequest] : [] };
}

/** A 400 for one field. */
export function violation(field: string, description: string): PlatformError {
  return new PlatformError('invalidArgument', `${field}: ${description}`, { violations: [{ field, description }] });
}

/** A 401 with a challenge for WWW-Authenticate (RFC 9110 section 11.6.1). */
export function unauthenticated(message: string, challenge: string): PlatformError {
  return new PlatformError('unauthenticated', message, { headers: { 'WWW-Authenticate': challenge } });
}

/** A 429 that says in how many seconds an attempt is answered again (RFC 6585 section 4). */
export function tooManyFailures(retryAfterSeconds: number): PlatformError {
  const message = `too many failed attempts, try again in ${retryAfterSeconds} s`;
  return new PlatformError('resourceExhausted', message, { headers: { 'Retry-After': String(retryAfterSeconds) } });
}

/** So many mistakes are named in one answer; a client that makes more is not helped by a longer one. */
const maxViolations = 10;

/**
 * Makes the 400 of a request that its schema does not accept, which names ten fields at most. Values are never repeated,
 * they may be secrets.
 */
export function badRequest(error: z.ZodError): PlatformError {
  const all = error.issues.flatMap(toViolations);
  const violations = all.slice(0, maxViolations);
  const named = violations.map(({ field, description }) => `${field}: ${description}`);
  const more = all.length - violations.length;
  const message = (more > 0 ? [...named, `and ${more} more`] : named).join('; ');
  return new PlatformError('invalidArgument', message, { violations });
}

/** Names of unknown parameters that are shown; the rest of a very long query is not worth repeating. */
const maxNameLength = 64;

function toViolations(issue: z.core.$ZodIssue): FieldViolation[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: printable(key), description: 'is no parameter of this request' }));
  }
  return [{ field: issue.path.join('.'), description: issue.message }];
}

function printable(name: string): string {
  return name.replace(/[^\w.[\]-]/g, '?').slice(0, maxNameLength);
}
