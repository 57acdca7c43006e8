/** The inventory of key pairs: one row for each. docs/users.md describes the fields. */
import { z } from '@hono/zod-openapi';
import type { KeyPairState } from '../accesskey/model/access-key-record.ts';

const states = [
  'Active',
  'Rotating',
  'Disabled',
  'Expired',
  'Conflict',
  'Pending',
] as const satisfies readonly KeyPairState[];

const text = (description: string, example: string) => z.string().openapi({ description, example });
const time = (description: string, example: string) =>
  text(`${description} RFC 3339 in UTC; empty if there is none.`, example);

export const InventoryRow = z
  .strictObject({
    namespace: text('Namespace of the AccessKey.', 'people'),
    accessKey: text('Name of the AccessKey.', 'alice'),
    keyPair: text('Name of the key pair.', 'ci'),
    user: text('Owner: the Kubernetes username in the tokens.', 'alice'),
    groups: z.array(z.string()).openapi({ description: 'Groups of the user.', example: ['developers'] }),
    state: z.enum(states).openapi({ description: 'State of the key pair in the status.', example: 'Active' }),
    ak: text('The ak; empty until the key pair is created.', '0c2f4b5e-6f0a-4c39-9c39-2f1c8d3b7a10'),
    createdAt: time('Time at which the current ak and sk were created.', '2026-01-01T08:00:00Z'),
    ageDays: z
      .int()
      .min(0)
      .nullable()
      .openapi({ description: 'Whole days since createdAt; null until the key pair is created.', example: 41 }),
    lastUsedAt: time('Last use of the key pair or its tokens, up to a minute old.', '2026-02-10T09:30:00Z'),
    lastClientAddress: text('IP address of that client; empty if unknown.', '192.0.2.7'),
    expiresAt: time('Time at which the key pair expires.', '2026-07-01T00:00:00Z'),
    nextRotationAt: time('Time of the next rotation.', '2026-03-02T08:00:00Z'),
    lastChangedAt: time('Last change of the AccessKey, ignoring its status.', '2026-01-15T12:00:00Z'),
    lastChangedBy: text('User for whom the operator made this change; empty for changes of others.', 'alice'),
    lastChangedWith: text('Field manager of this change.', 'kubectl-edit'),
  })
  .openapi('KeyPairRow', { description: 'A key pair in the inventory.' });
export type InventoryRow = z.infer<typeof InventoryRow>;

export const InventoryPage = z
  .strictObject({
    items: z.array(InventoryRow),
    pagination: z
      .strictObject({
        page: z.int().openapi({ description: 'Page number, starting at 1.', example: 1 }),
        pageSize: z.int().openapi({ example: 10 }),
        total: z.int().openapi({ description: 'Key pairs on all pages.', example: 1 }),
      })
      .openapi('KeyPairPagination', { description: 'Position of the page in the inventory.' }),
  })
  .openapi('KeyPairList', { description: 'One page of the inventory.' });
