/** Shared by the routes of the access keys: reads their requests and shows a form again after an error. */
import { isStatus } from '../../kube/errors.ts';
import { ConsoleError } from '../common/console-error.ts';
import type { FetchedAccessKey } from '../keys/api.ts';
import { requirePair } from '../keys/pair-list.ts';
import { readAccessKey, type Visitor } from '../keys/visitor.ts';
import type { PairFormPage } from '../pages/pair-form.ts';
import type { PageContext } from './dependencies.ts';

export const accessKeysPath = '/personal-center/access-keys';

/** @returns the name of the pair in the path */
export function pairNameOf(context: PageContext): string {
  return context.req.param('pair') ?? '';
}

/** @throws ConsoleError if the submitted generation is not a whole number */
export function parseGeneration(text: string | undefined): number {
  if (!/^\d{1,15}$/.test(text ?? '')) throw new ConsoleError('rejectedValue', {}, 400);
  return Number(text);
}

/**
 * Reads the AccessKey of the visitor.
 *
 * @throws ConsoleError 404 if it does not exist or does not have the pair
 */
export async function requireAccessKeyWithPair(visitor: Visitor, pair: string): Promise<FetchedAccessKey> {
  const fetched = await readAccessKey(visitor);
  if (!fetched) throw new ConsoleError('rejectedNoAccessKey', {}, 404);
  requirePair(fetched.spec.keyPairs ?? [], pair);
  return fetched;
}

/** The state of the form for a key, whether it creates or edits one. */
export type FormState = Pick<PairFormPage, 'input' | 'problems' | 'generation' | 'first' | 'notice'>;

export type FormStatus = 200 | 400 | 403 | 404 | 409 | 422 | 429 | 503;

/** Shows the form again with the entered values and the reason for the error. Other errors are rethrown. */
export function showFormAgain(
  context: PageContext,
  error: unknown,
  show: (notice: Pick<PairFormPage, 'notice'>, status: FormStatus) => Response | Promise<Response>,
): Response | Promise<Response> {
  const { t } = context.get('view');
  if (error instanceof ConsoleError) {
    return show({ notice: { kind: 'error', text: t(error.key, error.values) } }, error.status);
  }
  if (error instanceof Error && isStatus(error, 403)) {
    return show({ notice: { kind: 'error', text: `${t('errorForbidden')} ${error.message}` } }, 403);
  }
  throw error;
}
