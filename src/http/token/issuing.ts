import type { FoundPair } from '../../accesskey/live/pair-lookup.ts';
import type { KeyPair } from '../../credential/key-pair.ts';
import { authenticate } from '../../token/authenticate.ts';
import { claimsFor, secondsPerDay } from '../../token/claims.ts';
import { createExchange } from '../../token/exchange.ts';
import { createFederatedExchange } from '../../token/federation/exchange.ts';
import { IssuerError } from '../../token/federation/issuer-client.ts';
import {
  type Credential,
  createTokenIssuer,
  type ExchangeRequest,
  type IssuedToken,
  type Sign,
  type TokenTerms,
} from '../../token/issue.ts';
import { clientField, type Refusal, refusalFields } from '../../token/refusal.ts';
import { createCachedSign } from '../../token/sign.ts';
import { recordUse, requireKeys } from '../common/bearer.ts';
import type { Dependencies, TokenMetrics } from '../common/dependencies.ts';
import type { RequestVariables } from '../common/environment.ts';
import { PlatformError } from '../common/errors.ts';
import { createReviewBudget } from '../common/review-budget.ts';
import { createFailureThrottle } from '../common/throttle.ts';

/** A failed attempt to authenticate. */
export interface FailedAttempt {
  /** Whole seconds until the address may try again; 0 if it is not throttled. */
  retryAfterSeconds: number;
  /** Why a valid credential gets no token. Such an attempt does not count as a failure. */
  denied?: 'address' | 'audience';
}

/**
 * Issues tokens for HTTP requests, with audit records, metrics and throttling. Each endpoint has its own response
 * format.
 */
export interface TokenIssuing {
  /**
   * Issues a token, or rejects the credential; writes the audit record and counts the failure.
   *
   * @throws PlatformError 503 if the signing keys are not loaded; KubernetesError, ConnectionError if the cluster is
   * unavailable
   */
  issue(context: RequestVariables, credential: Credential, terms: TokenTerms): Promise<IssuedToken | FailedAttempt>;
  /**
   * Issues a token for a key pair that was created for it, valid as long as the pair or as long as any token can be; writes
   * the audit record.
   *
   * @throws PlatformError 503 if the signing keys are not loaded
   */
  issueFor(context: RequestVariables, pair: FoundPair): Promise<IssuedToken>;
  /** Authenticates a key pair without issuing a token; writes the audit record. Failures count as those of `issue`. */
  authenticate(context: RequestVariables, pair: KeyPair): FoundPair | FailedAttempt;
}

/** Fields of the audit record of a refusal. */
const refusedRecord = { audit: true, event: 'token.refused' };

/**
 * A key pair is checked first, which costs one hash, and only failures are throttled: a correct pair is accepted from
 * any address. A token to exchange costs a call to the API server, or its signature is to be checked with the keys of its
 * issuer, so it needs an attempt of the budget of its address before it is reviewed (review-budget.ts).
 */
export function createTokenIssuing(dependencies: Dependencies): TokenIssuing {
  const { token: options, pairs, serviceAccounts, reviewServiceAccount: review, now } = dependencies;
  const { issuer, exchangeAudience = issuer } = options;
  const budget = createReviewBudget(options.failureThrottle);
  const exchangeAccount = createExchange({ serviceAccounts, review, budget, audience: exchangeAudience, issuer, now });
  const { federation } = dependencies;
  const exchangeExternal = federation && createFederatedExchange({ ...federation, budget });
  const exchange = async (request: ExchangeRequest) => (await exchangeExternal?.(request)) ?? exchangeAccount(request);
  const metrics = dependencies.tokenMetrics;
  const sign = measured(createCachedSign(), metrics);
  const maxSeconds = options.maxCycle * secondsPerDay;
  const issueToken = createTokenIssuer({ pairs, exchange, sign, claimsOptions: options, maxSeconds, now });
  const throttle = createFailureThrottle(options.failureThrottle);

  function fail(context: RequestVariables, { retryAfterSeconds: seconds, ...refusal }: Refusal): FailedAttempt {
    const fields = Object.assign(context.get('logFields'), refusalFields(refusal));
    const { refused } = refusal;
    // The credential is valid.
    if (refused === 'address' || refused === 'audience') return { retryAfterSeconds: 0, denied: refused };
    const retryAfterSeconds = seconds ?? throttle.failed(context.get('clientAddress'));
    if (retryAfterSeconds > 0) fields.throttled = true;
    return { retryAfterSeconds };
  }

  return {
    async issue(context, credential, terms) {
      const keys = requireKeys(dependencies);
      const fields = context.get('logFields');
      const request = { terms, address: context.get('clientAddress'), keys };
      const result = await issueToken(credential, request).catch((error: unknown) => {
        if (!(error instanceof IssuerError)) {
          Object.assign(fields, refusedRecord, { refused: 'the cluster is unavailable' });
          throw error;
        }
        Object.assign(fields, refusedRecord, { refused: 'the issuer is unavailable', detail: error.message });
        throw new PlatformError('unavailable', 'the issuer of the token is unavailable, try again later');
      });
      if ('refused' in result) {
        Object.assign(fields, refusedRecord);
        metrics.requested(result.refused === 'audience' ? 'invalid' : 'refused');
        // The budget has already counted the failure of a token to exchange.
        return fail(context, 'pair' in credential ? result : { retryAfterSeconds: 0, ...result });
      }
      Object.assign(fields, issuedRecord(result));
      const { claims, pairName } = result;
      recordUse(context, { id: claims.sub, clientId: claims.client_id, pairName }, dependencies);
      metrics.requested('granted');
      return result;
    },
    async issueFor(context, { ak, user, expiresAt, pairName }) {
      const subject = { clientId: ak, user, expiresAt, pairName };
      const claims = claimsFor(subject, { ...options, seconds: maxSeconds, now: now() });
      const issued = { token: await sign(claims, requireKeys(dependencies)), claims, pairName };
      Object.assign(context.get('logFields'), issuedRecord(issued));
      metrics.requested('granted');
      return issued;
    },
    authenticate(context, pair) {
      const result = authenticate(pairs, pair, { now: now(), address: context.get('clientAddress') });
      const fields = context.get('logFields');
      if ('refused' in result) {
        Object.assign(fields, { audit: true, event: 'pair.refused' });
        return fail(context, result);
      }
      const { ak, pairName, user } = result;
      Object.assign(fields, { audit: true, event: 'pair.authenticated', ak, pairName, user: user.name });
      recordUse(context, { id: user.id, clientId: ak, pairName }, dependencies);
      return result;
    },
  };
}

/** Measures how long each request waits for its signature, including one shared with other requests. */
function measured(sign: Sign, metrics: TokenMetrics): Sign {
  return async (claims, keys) => {
    const startedAt = performance.now();
    const token = await sign(claims, keys);
    metrics.signed((performance.now() - startedAt) / 1000);
    return token;
  };
}

/** Fields of the audit record of a token. A token has no ID; its claims identify it. */
function issuedRecord({ claims, pairName }: IssuedToken): Record<string, unknown> {
  return {
    audit: true,
    event: 'token.issued',
    ...clientField({ clientId: claims.client_id, pairName }),
    ...(pairName !== undefined && { pairName }),
    user: claims.preferred_username,
    subject: claims.sub,
    expires: claims.exp,
  };
}
