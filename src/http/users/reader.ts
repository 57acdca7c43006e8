/** Who may see a user. */
import type { Context } from 'hono';
import type { AccessKeyRecord } from '../../accesskey/model/access-key-record.ts';
import type { Caller } from '../../token/verify.ts';
import { requireCaller } from '../common/bearer.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';

/** @throws PlatformError 401, 403 */
export async function requireReader(
  context: Context<Environment>,
  dependencies: Dependencies,
  isSelf: (caller: Caller) => boolean,
): Promise<void> {
  const caller = await requireCaller(context, dependencies);
  if (isSelf(caller) || (await dependencies.authorizer.mayReadAccessKeys(caller, 'get'))) return;
  throw denied(caller.name, 'get');
}

/** The error is the same whether or not the user exists. */
export function denied(name: string, verb: 'get' | 'list'): PlatformError {
  const permission = `${verb} accesskeys.ghippo.io in all namespaces`;
  return new PlatformError(
    'permissionDenied',
    `user ${name} may not see other users: missing permission to ${permission}`,
  );
}

/** @throws PlatformError 404 */
export function requireUser(record: AccessKeyRecord | undefined): AccessKeyRecord {
  if (!record) throw new PlatformError('notFound', 'user not found');
  return record;
}
