/** Creates and deletes access tokens. */
import { isDeepStrictEqual } from 'node:util';
import type { Context } from 'hono';
import type { AccessKeyApi } from '../../accesskey/change/access-key-api.ts';
import { annotateChanges } from '../../accesskey/change/last-change.ts';
import { type AccessKeyRecord, pairSpecOf } from '../../accesskey/model/access-key-record.ts';
import { createTokenBuckets } from '../../kube/token-buckets.ts';
import type { Caller } from '../../token/verify.ts';
import { auditKeyChange, type KeyAction, type KeyChange } from '../common/audit.ts';
import { requireKeys } from '../common/bearer.ts';
import type { Dependencies } from '../common/dependencies.ts';
import type { Environment } from '../common/environment.ts';
import { PlatformError, tooMany } from '../common/errors.ts';
import type { TokenIssuing } from '../token/issuing.ts';
import { changeAccessTokens, withNewPair, withoutPair } from './changes.ts';
import { type CallerPair, pairNotLive, requireLive, requireOwner, requirePair } from './permissions.ts';
import { expiryOf } from './request.ts';
import { awaitCreated, awaitDeleted } from './wait-for-pair.ts';

/** Changes of a caller: each costs a Secret. */
const changeBudget = { burst: 20, refillMs: 3_000, maxBuckets: 10_000 };

/** A change of the access tokens of a user. */
interface Change {
  context: Context<Environment>;
  caller: Caller;
  /** The AccessKey of the user. */
  target: AccessKeyRecord;
}

export interface AccessTokenService {
  /** @returns the token, which cannot be read again. @throws PlatformError, KubernetesError, ConnectionError */
  create(
    change: Change,
    request: { name: string; expiredAt?: number | undefined },
  ): Promise<{ id: string; token: string }>;
  /** @throws PlatformError, KubernetesError, ConnectionError */
  remove(change: Change, name: string): Promise<void>;
}

/**
 * An interrupted creation leaves at most a key pair, which is listed and can be deleted: the token is issued last and is
 * stored nowhere.
 *
 * @param waitMs how long a response waits for the controller, milliseconds
 */
export function createAccessTokenService(
  dependencies: Dependencies,
  tokenIssuing: TokenIssuing,
  waitMs = 10_000,
): AccessTokenService {
  const { keyPairs, pairs, token, log, now } = dependencies;
  const { caches } = keyPairs;
  const budget = createTokenBuckets(changeBudget);

  /** @throws PlatformError 403, 429 */
  async function authorize({ caller, target }: Change): Promise<{ api: AccessKeyApi; pair: CallerPair }> {
    const { api } = keyPairs;
    if (!api)
      throw new PlatformError('permissionDenied', 'users may not change their key pairs here (web.keyPairSignIn)');
    const pair = requirePair(caller, dependencies);
    await requireOwner(caller, target, dependencies);
    const waitForMs = budget.take(caller.id);
    if (waitForMs > 0) throw tooMany('changes', Math.ceil(waitForMs / 1000));
    return { api: annotateChanges(api, actorOf(caller, pair), now), pair };
  }

  /**
   * Checks again, right before the change, what may have changed since the request was authorized: the caller's key pair,
   * in the cache if the user is another one, and whether that user is still the one whom the caller may impersonate.
   *
   * @throws PlatformError 403, 409
   */
  function requireUnchanged({ caller, target }: Change, fetched: AccessKeyRecord, pair: CallerPair): void {
    const own = ownOf(caller, fetched);
    if (!own) throw pairNotLive();
    requireLive(own, pair, now());
    if (own !== fetched && !isDeepStrictEqual(fetched.spec.user, target.spec.user)) {
      throw new PlatformError('aborted', 'the AccessKey is being changed by others, try again');
    }
  }

  /** The AccessKey of the caller: as read from the API server if it is the one to change. */
  function ownOf(caller: Caller, fetched: AccessKeyRecord): AccessKeyRecord | undefined {
    return fetched.uid === caller.id ? fetched : dependencies.users.byId(caller.id);
  }

  /** The networks of the caller's key pair, which its access tokens must not leave. */
  function networksOf({ caller }: Change, fetched: AccessKeyRecord, pair: CallerPair): readonly string[] | undefined {
    const own = ownOf(caller, fetched);
    return own && pairSpecOf(own, pair.name)?.allowedCIDRs;
  }

  function audit({ context, caller, target }: Change, action: KeyAction, pairName: string, pair: CallerPair): void {
    auditKeyChange(context, log, {
      action,
      ...actorOf(caller, pair),
      accessKey: target.key,
      pairName,
      user: target.spec.user.name,
    });
  }

  return {
    async create(change, { name, expiredAt }) {
      const { context, target } = change;
      requireKeys(dependencies);
      const { api, pair } = await authorize(change);
      if (pair.isAccessToken) {
        throw new PlatformError('permissionDenied', 'an access token cannot create access tokens');
      }
      const limits = { now: now(), maxDays: token.maxCycle, pairExpiresAt: pair.expiresAt };
      const expiresAt = expiryOf(expiredAt, limits);
      const generation = await changeAccessTokens(api, target, (fetched) => {
        requireUnchanged(change, fetched, pair);
        return withNewPair(fetched, { name, expiresAt, allowedCIDRs: networksOf(change, fetched, pair) });
      });
      audit(change, 'created', name, pair);
      const created = { key: target.key, uid: target.uid, generation, pairName: name };
      const found = await awaitCreated({ caches, pairs, now }, created, waitMs);
      if (!found) {
        await changeAccessTokens(api, target, (fetched) => withoutPair(fetched, name)).then(
          () => audit(change, 'deleted', name, pair),
          () => undefined,
        );
        const message = 'the key pair of the access token was not created in time, see the status of the AccessKey';
        throw new PlatformError('unavailable', message);
      }
      const issued = await tokenIssuing.issueFor(context, found);
      context.get('logFields').actor = change.caller.name;
      return { id: name, token: issued.token };
    },
    async remove(change, name) {
      const { target } = change;
      const { api, pair } = await authorize(change);
      if (pair.isAccessToken && !(change.caller.id === target.uid && pair.name === name)) {
        throw new PlatformError('permissionDenied', 'an access token can delete only itself');
      }
      const generation = await changeAccessTokens(api, target, (fetched) => {
        requireUnchanged(change, fetched, pair);
        return withoutPair(fetched, name);
      });
      audit(change, 'deleted', name, pair);
      await awaitDeleted(caches, { key: target.key, uid: target.uid, generation, pairName: name }, waitMs);
    },
  };
}

function actorOf({ name }: Caller, { isAccessToken }: CallerPair): Pick<KeyChange, 'actor' | 'signedInWith'> {
  return { actor: name, signedInWith: isAccessToken ? 'access token' : 'key pair' };
}
