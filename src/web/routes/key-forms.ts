/** Shared by the routes of the access keys: reads their requests and shows a form again after an error. */

import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { ConsoleError } from '../common/console-error.ts';
import { requirePair } from '../keys/pair-list.ts';
import { failureText } from '../pages/components.ts';
import type { PairFormPage } from '../pages/pair-form.ts';
import { readAccessKey, type Visitor } from '../visitor/visitor.ts';
import type { PageContext } from './dependencies.ts';
import { describeFailure, type FailureStatus } from './failure.ts';
import { isSessionEnded } from './guard.ts';

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

export type FormStatus = 200 | FailureStatus;

/**
 * Shows the form again with the entered values and the reason for the error, whatever it is.
 *
 * @param namespace that of a new AccessKey
 * @throws the error if the session has ended
 */
export function showFormAgain(
  context: PageContext,
  { error, namespace }: { error: unknown; namespace?: string },
  show: (notice: Pick<PairFormPage, 'notice'>, status: FormStatus) => Response | Promise<Response>,
): Response | Promise<Response> {
  const view = context.get('view');
  if (isSessionEnded(error, context.get('visitor'))) throw error;
  const { status, ...failure } = describeFailure(error, context, namespace);
  return show({ notice: { kind: 'error', text: failureText(view, failure) } }, status);
}
