import { z } from '@hono/zod-openapi';

/** Error codes of the platform: gRPC codes with their HTTP status (google.rpc.Code). */
const codes = {
  invalidArgument: { code: 3, status: 400 },
  contentTooLarge: { code: 3, status: 413 },
  unsupportedMediaType: { code: 3, status: 415 },
  methodNotAllowed: { code: 12, status: 405 },
  resourceExhausted: { code: 8, status: 429 },
  unauthenticated: { code: 16, status: 401 },
  permissionDenied: { code: 7, status: 403 },
  notFound: { code: 5, status: 404 },
  alreadyExists: { code: 6, status: 409 },
  failedPrecondition: { code: 9, status: 400 },
  aborted: { code: 10, status: 409 },
  internal: { code: 13, status: 500 },
  unavailable: { code: 14, status: 503 },
} as const;

export type ErrorKind = keyof typeof codes;

/** An invalid field of the request (google.rpc.BadRequest.FieldViolation). */
export interface FieldViolation {
  field: string;
  description: string;
}

/** An error response of the platform API. The message is sent to the client and never contains a secret. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly status: (typeof codes)[ErrorKind]['status'];
  readonly code: number;
  readonly violations: readonly FieldViolation[];
  /** Required headers: WWW-Authenticate of a 401, Allow of a 405, Retry-After of a 429 (RFC 9110). */
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

/** The error format of the platform: google.rpc.Status as JSON. */
export const ErrorBody = z
  .strictObject({
    code: z.int().openapi({ description: 'gRPC status code', example: 3 }),
    message: z.string().openapi({ description: 'Human-readable message', example: 'cycle: must be 30 at most' }),
    details: z.array(z.looseObject({ '@type': z.string() })).openapi({
      description: 'For an invalid request, a google.rpc.BadRequest that names each invalid field',
    }),
  })
  .openapi('Error');

export function errorBody({ code, message, violations }: PlatformError): z.infer<typeof ErrorBody> {
  const badRequest = { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: violations };
  return { code, message, details: violations.length > 0 ? [badRequest] : [] };
}

/** A 400 for one field. */
export function violation(field: string, description: string): PlatformError {
  return new PlatformError('invalidArgument', `${field}: ${description}`, { violations: [{ field, description }] });
}

/** A 401 with a challenge in WWW-Authenticate (RFC 9110 section 11.6.1). */
export function unauthenticated(message: string, challenge: string): PlatformError {
  return new PlatformError('unauthenticated', message, { headers: { 'WWW-Authenticate': challenge } });
}

/** A 403 for a credential that is valid, but not from the address of the client. */
export function addressDenied(credential: 'key pair' | 'token'): PlatformError {
  return new PlatformError('permissionDenied', `the ${credential} must not be used from this address`);
}

/** The description of an audience that a token cannot have. */
export const unknownAudience = 'must be the configured audience or one of spec.audiences of the AccessKey';

/** A 429 (RFC 6585 section 4). */
export function tooManyFailures(retryAfterSeconds: number): PlatformError {
  return tooMany('failed attempts', retryAfterSeconds);
}

/** A 429. @param what is limited, for example `failed attempts` */
export function tooMany(what: string, retryAfterSeconds: number): PlatformError {
  const message = `too many ${what}, try again in ${retryAfterSeconds} s`;
  return new PlatformError('resourceExhausted', message, { headers: { 'Retry-After': String(retryAfterSeconds) } });
}

/** Maximum number of violations in one response. */
const maxViolations = 10;

/** Converts a validation error to a 400 with at most ten violations. Never includes values, which may be secrets. */
export function badRequest(error: z.ZodError): PlatformError {
  const all = error.issues.flatMap(toViolations);
  const violations = all.slice(0, maxViolations);
  const messages = violations.map(({ field, description }) => `${field}: ${description}`);
  const more = all.length - violations.length;
  const message = (more > 0 ? [...messages, `and ${more} more`] : messages).join('; ');
  return new PlatformError('invalidArgument', message, { violations });
}

/** Maximum length of an unknown parameter's name in an error. */
const maxNameLength = 64;

function toViolations(issue: z.core.$ZodIssue): FieldViolation[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: safeName(key), description: 'unknown parameter' }));
  }
  return [{ field: issue.path.join('.'), description: issue.message }];
}

/** A parameter name from the request, without characters that are unsafe in an error message. */
export function safeName(name: string): string {
  return name.replace(/[^\w.[\]-]/g, '?').slice(0, maxNameLength);
}
