/** The inventory of key pairs, for users who may list AccessKeys. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { csvFileName } from '../../inventory/csv.ts';
import { type InventoryEntry, toRow } from '../../inventory/row.ts';
import { InventoryPage } from '../../inventory/schema.ts';
import type { Caller } from '../../token/verify.ts';
import { requireCaller } from '../common/bearer.ts';
import { answerList, privateAnswer } from '../common/cacheable.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError, violation } from '../common/errors.ts';
import { oneOf, optionalText, optionalWholeNumber } from '../common/parameters.ts';
import { badParameter, callerFailures, forbidden, json, notModified } from '../common/responses.ts';
import { positionOf } from '../users/page.ts';
import { respondWithCsv } from './csv-response.ts';
import { formatOf } from './format.ts';

const path = '/apis/ghippo.io/v1alpha1/keypairs';
const unpagedRule = 'not possible with CSV, which contains all key pairs';

/** Adds the inventory. It contains the key pairs in the namespaces whose AccessKeys the caller may list. */
export function addInventoryRoute(app: OpenAPIHono<Environment>, dependencies: Dependencies): void {
  const { inventory, takeTurn, now } = dependencies;
  app.openapi(listRoute, async (context) => {
    const caller = await requireCaller(context, dependencies);
    const { format: requested, search, namespace, page, pageSize } = context.req.valid('query');
    const format = formatOf(requested, context.req.header('Accept'));
    if (format === 'csv') requireUnset({ page, pageSize });
    const visible = await inventory.visibleTo(caller, namespace);
    if (!visible) throw denied(caller, namespace);
    await takeTurn(caller.name, context.env.incoming);
    const found = visible.find(search);
    if (format === 'csv') return (await respondWithCsv(context, found, now())) as never;
    const answer = await answerList(context, pageOf(found, { page, pageSize }, now()), privateAnswer);
    answer.headers.append('Vary', 'Accept');
    return answer;
  });
}

interface Position {
  page: number | undefined;
  pageSize: number | undefined;
}

function pageOf(found: readonly InventoryEntry[], position: Position, now: number) {
  const { page, pageSize } = positionOf({ page: position.page ?? 0, pageSize: position.pageSize ?? 0 });
  return {
    sources: found.slice((page - 1) * pageSize, page * pageSize),
    toItem: (entry: InventoryEntry) => toRow(entry, now),
    pagination: { page, pageSize, total: found.length },
  };
}

/** @throws PlatformError 400 that names the first parameter that is set; 0 is the default */
function requireUnset(position: Position): void {
  const [field] = Object.entries(position).find(([, value]) => (value ?? 0) !== 0) ?? [];
  if (field !== undefined) throw violation(field, unpagedRule);
}

/** The error is the same whether or not there are key pairs. */
function denied({ name }: Pick<Caller, 'name'>, namespace: string): PlatformError {
  const scope = namespace === '' ? 'any namespace' : `the namespace ${namespace}`;
  return new PlatformError('permissionDenied', `user ${name} may not list accesskeys.ghippo.io in ${scope}`);
}

const listRoute = createRoute({
  method: 'get',
  path,
  operationId: 'listKeyPairs',
  tags: ['Users'],
  security: [{ bearer: [] }],
  summary: 'List key pairs with owner, age, last use and expiry',
  description:
    'The key pairs of all namespaces in which the caller has permission to list accesskeys.ghippo.io, sorted by namespace ' +
    'and AccessKey. CSV (RFC 4180) contains all of them, and a quote precedes text that a spreadsheet would execute.',
  request: {
    query: z.strictObject({
      format: oneOf('Format of the response; if unset, the Accept header decides', ['json', 'csv']),
      search: optionalText(
        'Part of the name of the user, the AccessKey or the key pair, ignoring case, or a complete ak',
        'ali',
      ),
      namespace: optionalText('Only key pairs in this namespace', 'people'),
      page: optionalWholeNumber('Page number, starting at 1; 0 and unset mean 1; only for JSON', { min: 0, max: 1000 }),
      pageSize: optionalWholeNumber('Key pairs per page; 0 and unset mean 10; only for JSON', { min: 0, max: 500 }),
    }),
  },
  responses: {
    200: {
      ...json(InventoryPage, 'A page of key pairs, or all of them as CSV'),
      content: {
        ...json(InventoryPage, '').content,
        'text/csv': {
          schema: z.string().openapi({ description: `${csvFileName}: the fields of KeyPairRow are the columns.` }),
        },
      },
    },
    ...notModified,
    ...callerFailures,
    400: badParameter('pageSize', unpagedRule),
    403: forbidden(denied({ name: 'alice' }, '').message),
  },
});
