import { isStatus } from '../../kube/errors.ts';
import { RefusedError } from '../common/refused-error.ts';
import type { PairFormPage } from '../pages/pair-form.ts';
import type { PageContext } from './environment.ts';

/** What the form for a key shows besides what it is for. */
export type FormState = Pick<PairFormPage, 'input' | 'problems' | 'generation' | 'first' | 'notice'>;

export type FormStatus = 200 | 400 | 403 | 404 | 409 | 422 | 429 | 503;

/** Shows the form again with what was entered, and says why it was not taken. Other errors go on. */
export function keepForm(
  context: PageContext,
  error: unknown,
  show: (told: Pick<PairFormPage, 'notice'>, status: FormStatus) => Response | Promise<Response>,
): Response | Promise<Response> {
  const { t } = context.get('view');
  if (error instanceof RefusedError) {
    return show({ notice: { kind: 'error', text: t(error.key, error.values) } }, error.status);
  }
  if (error instanceof Error && isStatus(error, 403)) {
    return show({ notice: { kind: 'error', text: `${t('errorForbidden')} ${error.message}` } }, 403);
  }
  throw error;
}
