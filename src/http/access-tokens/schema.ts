/**
 * Access tokens: messages of the ghippo API v0.48.1. The messages for the current user and for another user have the same
 * fields.
 */
import { z } from '@hono/zod-openapi';
import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import { pairStatusOf } from '../../accesskey/model/access-key-record.ts';

const milliseconds = (description: string, example: string) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/)
    .openapi({ description: `${description} Milliseconds since the epoch.`, example });
const id = z.string().openapi({ description: 'ID of the access token: its name.', example: 'ci' });

/** v1alpha1currentuserAccessToken, v1alpha1userAccessToken */
const AccessToken = z
  .strictObject({
    id,
    name: z.string().openapi({ description: 'Name of the key pair.', example: 'ci' }),
    updatedAt: milliseconds('Always 0: an access token is never changed.', '0'),
    createdAt: milliseconds(
      'Creation time of the key pair; 0 if the operator has not created it yet.',
      '1767254400000',
    ),
    expiredAt: milliseconds('Time at which the key pair expires; 0 if it does not expire.', '1893456000000'),
  })
  .openapi('AccessToken', { description: 'An access token, without the token itself.' });
type AccessToken = z.infer<typeof AccessToken>;

/** currentuserListAccessTokensResponse, userListUserAccessTokensResponse */
export const AccessTokenList = z
  .strictObject({ items: z.array(AccessToken) })
  .openapi('AccessTokenList', { description: 'The access tokens of a user.' });

/** currentuserCreateAccessTokenResponse, userCreateUserAccessTokenResponse */
export const CreatedAccessToken = z
  .strictObject({ id, token: z.string().openapi({ description: 'JWT (RFC 7519). It is returned only once.' }) })
  .openapi('CreatedAccessToken', { description: 'A new access token.' });

/** currentuserDeleteAccessTokenResponse, userDeleteUserAccessTokenResponse */
export const Deleted = z.strictObject({}).openapi('Deleted', { description: 'Empty.' });

/** Converts the key pairs of access tokens, in the order of the spec. */
export function projectAccessTokens(record: Pick<AccessKeyRecord, 'spec' | 'status'>): { items: AccessToken[] } {
  const pairs = (record.spec.keyPairs ?? []).filter((pair) => pair.accessToken === true);
  const items = pairs.map(({ name, expiresAt }) => ({
    id: name,
    name,
    updatedAt: '0',
    createdAt: toMilliseconds(pairStatusOf(record, name)?.createdAt),
    expiredAt: toMilliseconds(expiresAt),
  }));
  return { items };
}

/** @param time RFC 3339 */
function toMilliseconds(time: string | undefined): string {
  const milliseconds = Date.parse(time ?? '');
  return milliseconds > 0 ? String(milliseconds) : '0';
}
