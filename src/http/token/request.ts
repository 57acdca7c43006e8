import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { authorizationOf, basicOf } from '../common/authorization.ts';
import { formEntries, formType, jsonEntries, jsonType, readBody } from '../common/body.ts';
import type { TokenOptions } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { badRequest, violation } from '../common/errors.ts';
import { gather, optionalWholeNumber, requiredText, selectedText } from '../common/parameters.ts';

/** A valid token request. */
export interface TokenRequest {
  ak: string;
  sk: string;
  /** Requested validity, days. */
  cycle?: number | undefined;
  audience?: string | undefined;
}

/** Schema of a token request, for validation and the OpenAPI document. */
export function tokenParameters({ defaultCycle, maxCycle }: TokenOptions) {
  return z.strictObject({
    ak: requiredText('The access key', 'f1b0cbd2-5f6e-4dd8-9e0a-1c0d9e6f7a10'),
    sk: requiredText('The secret key', '8c1f3c1e-0a0b-4b6e-8b2b-3f9d5f6a7b21'),
    // The default is that of key pairs without tokenLifetime.
    cycle: optionalWholeNumber('Validity of the token in days; if unset, tokenLifetime of the key pair', {
      min: 1,
      max: maxCycle,
    }).openapi({ default: defaultCycle }),
    audience: selectedText('Audience of the token, the configured one or one of spec.audiences of the AccessKey'),
  });
}

type Entry = readonly [string, unknown];

/**
 * Reads a token request: the key pair from the query (GET only), the body (POST: form or JSON) or Authorization: Basic, but
 * only one of these; cycle and audience from the query or the body.
 *
 * @throws PlatformError 400 that names the parameter, 415 for an unsupported media type
 */
export async function readTokenRequest(
  context: Context<Environment>,
  parameters: ReturnType<typeof tokenParameters>,
): Promise<TokenRequest> {
  const basic = basicOf(authorizationOf(context));
  const query = queryEntries(context);
  const isPost = context.req.method === 'POST';
  if (isPost) rejectSecretsInQuery(query);
  const entries: Entry[] = isPost ? [...query, ...(await bodyEntries(context))] : query;
  if (basic) rejectSecretsWithBasic(entries);
  const parsed = parameters.safeParse(gather(basic ? [...entries, ...Object.entries(basic)] : entries));
  if (!parsed.success) throw badRequest(parsed.error);
  return parsed.data;
}

function queryEntries(context: Context<Environment>): Entry[] {
  const entries: Entry[] = [];
  for (const [name, values] of Object.entries(context.req.queries())) {
    for (const value of values) entries.push([name, value]);
  }
  return entries;
}

async function bodyEntries(context: Context<Environment>): Promise<Entry[]> {
  const { type, text } = await readBody(context.req, [formType, jsonType]);
  return type === jsonType ? jsonEntries(text) : formEntries(text);
}

const isSecret = ([name]: Entry) => name === 'ak' || name === 'sk';

/** A POST keeps the key pair out of URLs and logs, so one in the query is a mistake. */
function rejectSecretsInQuery(query: readonly Entry[]): void {
  const secret = query.find(isSecret);
  if (secret) throw violation(secret[0], 'must not be in the query of a POST request, which every proxy logs');
}

function rejectSecretsWithBasic(entries: readonly Entry[]): void {
  const secret = entries.find(isSecret);
  if (secret) throw violation(secret[0], 'must not be combined with Authorization: Basic');
}
