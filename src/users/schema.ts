/**
 * The answers about users: messages of the ghippo API v0.48.1, as its grpc-gateway writes them. Every field is always
 * there, with its zero value when this operator knows nothing of it. docs/users.md has the whole mapping.
 */
import { z } from '@hono/zod-openapi';

const int32 = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1)
  .openapi({ type: 'integer', format: 'int32' });
const unknown = (what: string) => z.string().openapi({ description: `${what}; always empty here.`, example: '' });
const never = (what: string) => z.boolean().openapi({ description: `${what}; always false here.`, example: false });
const text = (description: string, example: string) => z.string().openapi({ description, example });
const time = (description: string, example: string) => text(`${description} RFC 3339 in UTC, whole seconds.`, example);

const id = text('Identity of the user: sub of the tokens.', '94dbbd6a-12a3-4a67-85a8-a97cf5a1a953');
const email = text('Mail address.', 'alice@example.com');
const firstname = text('First name.', 'Alice');
const lastname = text('Last name.', 'Miller');
const source = unknown('Origin of the account');

/** v1alpha1userGetUserResponse */
export const User = z
  .strictObject({
    id,
    name: text('Name of the user as Kubernetes knows it.', 'alice'),
    email,
    description: text('What the user is for.', 'Shop team'),
    firstname,
    lastname,
    source,
    enabled: z.boolean().openapi({ description: 'Whether the user can get tokens: false while suspended.' }),
    createdAt: time('When the AccessKey was made.', '2026-01-01T08:00:00Z'),
    updatedAt: time('When the AccessKey was last changed, its status aside.', '2026-01-02T08:00:00Z'),
    lastLoginAt: time(
      'When one of the pairs, or a token of it, was last used, up to a minute behind; empty when none was.',
      '2026-01-03T08:00:00Z',
    ),
    canAuthorize: never('Whether the user can be given rights in the platform'),
  })
  .openapi('User', { description: 'A user who has an AccessKey.' });
export type User = z.infer<typeof User>;

/** v1alpha1currentuserGetUserResponse */
export const CurrentUser = z
  .strictObject({
    uid: id,
    username: text('Name of the user as Kubernetes knows it.', 'alice'),
    email,
    locale: unknown('Language'),
    source,
    phoneNumber: unknown('Phone number'),
    canTransferToMain: never('Of accounts and sub-accounts'),
    hasCertified: never('Of accounts and sub-accounts'),
    isMainAccount: never('Of accounts and sub-accounts'),
    isSubAccount: never('Of accounts and sub-accounts'),
    firstname,
    lastname,
    mainAccountId: unknown('Of accounts and sub-accounts'),
    mainAccountName: unknown('Of accounts and sub-accounts'),
    mainAccountWorkspace: z
      .string()
      .regex(/^(0|-?[1-9]\d{0,18})$/)
      .openapi({ format: 'int64', description: 'Of accounts and sub-accounts; always "0" here.', example: '0' }),
    inviteUrl: unknown('Of invitations'),
    inviteCode: unknown('Of invitations'),
  })
  .openapi('CurrentUser', { description: 'Whose token it is.' });
export type CurrentUser = z.infer<typeof CurrentUser>;

/** v1alpha1userPagination */
const UserPagination = z
  .strictObject({
    page: int32.openapi({ description: 'Counted from 1.', example: 1 }),
    pageSize: int32.openapi({ example: 10 }),
    total: int32.openapi({ description: 'Users on all pages.', example: 1 }),
  })
  .openapi('UserPagination', { description: 'Where this page is in the whole list.' });

/** userListUsersResponse */
export const UserList = z
  .strictObject({ items: z.array(User), pagination: UserPagination })
  .openapi('UserList', { description: 'One page of users.' });
export type UserList = z.infer<typeof UserList>;
