import { toPlatformError } from '../../http/common/error-response.ts';
import { PlatformError } from '../../http/common/errors.ts';
import { rejectionReason } from '../../kube/denial.ts';
import { KubernetesError } from '../../kube/errors.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { MessageKey } from '../common/language.ts';
import type { Failure } from '../pages/components.ts';
import { actsAsOperator } from '../session/session.ts';
import { MissingPermissionError } from '../visitor/key-api.ts';
import {
  describeMissingKeyPermission,
  describePermission,
  impersonationOf,
  type KeyLocation,
} from '../visitor/missing-permission.ts';
import type { PageContext } from './dependencies.ts';

export type FailureStatus = 409 | 422 | PlatformError['status'];

/** Texts for the errors of the HTTP server. */
const platformTexts: Partial<Record<PlatformError['status'], MessageKey>> = {
  404: 'notFoundText',
  405: 'notOpenedDirectly',
  413: 'rejectedTooLarge',
  503: 'errorUnavailable',
};

/**
 * Explains an error to the person in the words of the console. Only the cluster's own reasons are quoted.
 *
 * @param namespace that of a new AccessKey
 */
export function describeFailure(
  error: unknown,
  context: PageContext,
  namespace?: string,
): Failure & { status: FailureStatus } {
  const { t } = context.get('view');
  if (error instanceof ConsoleError) {
    context.get('logFields').refused = error.key;
    return { status: error.status, text: t(error.key, error.values) };
  }
  if (error instanceof MissingPermissionError) return { status: 403, ...describeMissing(error, context) };
  if (error instanceof KubernetesError && isRejection(error)) {
    const { accessKey } = context.get('visitor');
    return describeRejection(error, context, {
      namespace: accessKey?.namespace ?? namespace,
      accessKey: accessKey?.name,
    });
  }
  if (error instanceof PlatformError)
    return { status: error.status, text: t(platformTexts[error.status] ?? 'rejectedRequest') };
  if (!(error instanceof Error)) throw error;
  const { status } = toPlatformError(error, context);
  if (status === 503) return { status, text: t('errorUnavailable') };
  if (status === 400) return { status, text: t('rejectedRequest') };
  return { status: 500, text: t('errorInternal', { id: context.get('requestId') }) };
}

function describeMissing({ permission, message }: MissingPermissionError, context: PageContext): Failure {
  const { t } = context.get('view');
  const { session, user, accessKey } = context.get('visitor');
  context.get('logFields').error = message;
  if (actsAsOperator(session)) return { text: t('operatorMayNot', { permission: describePermission(permission) }) };
  const { namespace, resource, name } = permission;
  const secret = resource === 'secrets' ? name : undefined;
  const missing = describeMissingKeyPermission(permission, user, { namespace, accessKey: accessKey?.name, secret });
  return { text: t('missingPermission'), missing };
}

/** Whether the API server has rejected a request for a reason that the person can do something about. */
function isRejection({ status, denied }: KubernetesError): boolean {
  return denied || [400, 403, 404, 409, 422].includes(status);
}

function describeRejection(
  error: KubernetesError,
  context: PageContext,
  location: KeyLocation,
): Failure & { status: FailureStatus } {
  const { t } = context.get('view');
  context.get('logFields').error = error.message;
  const quote = rejectionReason(error.detail);
  if (error.denied) return { status: 403, ...describeDenial(quote, context, location) };
  switch (error.status) {
    case 403: {
      const isEnding = /because it is being terminated/.test(quote);
      return isEnding ? { status: 409, text: t('namespaceEnding') } : { status: 403, text: t('errorForbidden'), quote };
    }
    case 404:
      return { status: 404, text: t('rejectedGone') };
    case 409:
      return { status: 409, text: t('rejectedChanged') };
    default:
      return { status: 422, text: t('errorInvalid', { reason: error.reason }) };
  }
}

/** An admission policy or webhook has denied the change. */
function describeDenial(quote: string, context: PageContext, location: KeyLocation): Failure {
  const { t } = context.get('view');
  const { user } = context.get('visitor');
  const impersonation = impersonationOf(user);
  // The admission policy of AccessKeys names the verb that it requires.
  if (impersonation && /^spec\.user\.name: .*requires the verb impersonate /.test(quote)) {
    return { text: t('mayNotNameUser'), missing: describeMissingKeyPermission(impersonation, user, location) };
  }
  return { text: t('errorPolicy'), quote };
}
