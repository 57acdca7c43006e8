/**
 * The responses about users: messages of the ghippo API v0.48.1, as its grpc-gateway writes them. Every field is always
 * present, with its zero value if this operator does not know it. docs/users.md has the complete mapping.
 */
import { z } from '@hono/zod-openapi';

const int32 = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1)
  .openapi({ type: 'integer', format: 'int32' });
const unknown = (what: string) => z.string().openapi({ description: `${what}. Always empty.`, example: '' });
const never = (what: string) => z.boolean().openapi({ description: `${what}. Always false.`, example: false });
const text = (description: string, example: string) => z.string().openapi({ description, example });
const milliseconds = (description: string, example: string) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/)
    .openapi({ description: `${description} Milliseconds since the epoch.`, example });

const id = text('ID of the user: the sub claim of the tokens.', '94dbbd6a-12a3-4a67-85a8-a97cf5a1a953');
const email = text('Email address.', 'alice@example.com');
const firstname = text('First name.', 'Alice');
const lastname = text('Last name.', 'Miller');
const source = text('Origin of the account. Always locale.', 'locale');

/** v1alpha1userGetUserResponse */
export const User = z
  .strictObject({
    id,
    name: text('Kubernetes username.', 'alice'),
    email,
    description: text('Purpose of the user.', 'Shop team'),
    firstname,
    lastname,
    source,
    enabled: z.boolean().openapi({ description: 'Whether the user can get tokens. False while suspended.' }),
    createdAt: milliseconds('Creation time of the AccessKey.', '1767254400000'),
    updatedAt: milliseconds(
      'Time of the last change of the AccessKey, ignoring its status; 0 if it was never changed.',
      '1767340800000',
    ),
    lastLoginAt: milliseconds(
      'Last use of a key pair or one of its tokens, up to a minute old; 0 if never used.',
      '1767427200000',
    ),
    canAuthorize: never('Whether the user can be granted rights in the platform'),
  })
  .openapi('User', { description: 'A user who has an AccessKey.' });
export type User = z.infer<typeof User>;

/** v1alpha1currentuserGetUserResponse */
export const CurrentUser = z
  .strictObject({
    uid: id,
    username: text('Kubernetes username.', 'alice'),
    email,
    locale: unknown('Language'),
    source,
    phoneNumber: unknown('Phone number'),
    canTransferToMain: never('Part of accounts and sub-accounts'),
    hasCertified: never('Part of accounts and sub-accounts'),
    isMainAccount: never('Part of accounts and sub-accounts'),
    isSubAccount: never('Part of accounts and sub-accounts'),
    firstname,
    lastname,
    mainAccountId: unknown('Part of accounts and sub-accounts'),
    mainAccountName: unknown('Part of accounts and sub-accounts'),
    mainAccountWorkspace: z
      .string()
      .regex(/^(0|-?[1-9]\d{0,18})$/)
      .openapi({ format: 'int64', description: 'Part of accounts and sub-accounts. Always "0".', example: '0' }),
    inviteUrl: unknown('Part of invitations'),
    inviteCode: unknown('Part of invitations'),
  })
  .openapi('CurrentUser', { description: 'The user of the token.' });
export type CurrentUser = z.infer<typeof CurrentUser>;

/** v1alpha1userPagination */
const UserPagination = z
  .strictObject({
    page: int32.openapi({ description: 'Page number, starting at 1.', example: 1 }),
    pageSize: int32.openapi({ example: 10 }),
    total: int32.openapi({ description: 'Items on all pages.', example: 1 }),
  })
  .openapi('UserPagination', { description: 'Position of the page in the list.' });

/** userListUsersResponse */
export const UserList = z
  .strictObject({ items: z.array(User), pagination: UserPagination })
  .openapi('UserList', { description: 'One page of users.' });
export type UserList = z.infer<typeof UserList>;

/** userListUserGroupsResponse */
export const UserGroupList = z
  .strictObject({
    items: z.array(
      z
        .strictObject({
          id: text('The name: groups have no other ID.', 'developers'),
          name: text('Group in the groups claim of the tokens.', 'developers'),
        })
        .openapi('UserGroup', { description: 'A group of a user.' }),
    ),
    pagination: UserPagination,
  })
  .openapi('UserGroupList', { description: 'One page of groups.' });

/** userListUserSubjectResponse. The operator knows no roles of the platform, so the list has no items. */
export const UserSubjectList = z
  .strictObject({
    items: z
      .array(z.never())
      .openapi({ type: 'array', items: {}, description: 'Always empty: there are no roles here.' }),
    pagination: UserPagination,
  })
  .openapi('UserSubjectList', { description: 'One page of the roles that the user has in the platform.' });

/** currentuserGetGlobalPermissionsResponse, with the two permissions that this API can grant. */
export const GlobalPermissions = z
  .strictObject({
    permissions: z.array(
      z.enum(['ListUser', 'GetAboutPlatform']).openapi({ description: 'Name in the ghippo API.', example: 'ListUser' }),
    ),
  })
  .openapi('GlobalPermissions', { description: 'What the user of the token may do in this API.' });
export type GlobalPermissions = z.infer<typeof GlobalPermissions>;
