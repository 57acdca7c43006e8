import { noOverlap } from '../../accesskey/change/edit-pairs.ts';
import { isInUse, lastUseOf, pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import { readForm } from '../common/form.ts';
import { accessKeysPath } from '../common/paths.ts';
import { requireUnmanaged } from '../keys/change-key-pairs.ts';
import { overlapChoice } from '../keys/overlap.ts';
import { requirePair } from '../keys/pair-list.ts';
import type { Notice } from '../pages/components.ts';
import { confirmedField, confirmPage } from '../pages/confirm.ts';
import type { PageContext } from './dependencies.ts';
import { pairNameOf, parseGeneration, requireAccessKeyWithPair } from './key-forms.ts';

/** The actions that a person confirms. Disabling a pair needs it only if the pair is in use, or theirs. */
export type ConfirmedAction = 'rotate' | 'disable' | 'delete' | 'revoke';

const stopping: ReadonlySet<ConfirmedAction> = new Set(['disable', 'delete']);

export interface Confirmation {
  action: ConfirmedAction;
  /** Milliseconds since the epoch. */
  now: number;
  /** Why the page is shown again, with the current values. */
  notice?: Notice | undefined;
}

/** Shows the page that asks for confirmation. */
export async function showConfirmation(context: PageContext, { action, now, notice }: Confirmation): Promise<Response> {
  const visitor = context.get('visitor');
  const view = context.get('view');
  const { t } = view;
  const name = pairNameOf(context);
  const fetched = await requireAccessKeyWithPair(visitor, name);
  requireUnmanaged(fetched, action, name);
  const status = pairStatusOf(fetched, name);
  const choice = overlapChoice(fetched, requirePair(fetched.spec.keyPairs ?? [], name));
  const isOwn = visitor.pairName === name;
  const isUsed = stopping.has(action) && isInUse(status, now);
  const hasChoice = action === 'rotate' && choice.manager === undefined;
  const rotateText = choice.current === noOverlap ? 'rotateText' : 'rotateOverlapText';
  const texts = {
    rotate: hasChoice ? 'rotateChoiceText' : rotateText,
    disable: 'disableText',
    delete: 'deleteText',
    revoke: 'revokeText',
  } as const;
  const ownTexts = { rotate: 'rotateOwnText', disable: 'deleteOwnText', delete: 'deleteOwnText' } as const;
  return context.html(
    confirmPage(view, {
      title: t(`${action}Title`, { pair: name }),
      text: t(texts[action], { overlap: choice.current }),
      warnings: [
        ...(isUsed ? [t('inUseText')] : []),
        ...(isOwn && action !== 'revoke' ? [t(ownTexts[action])] : []),
        ...(action === 'rotate' && status?.state === 'Rotating' ? [t('rotatePreviousText')] : []),
      ],
      action: `${accessKeysPath}/${name}/${action}`,
      submit: t(action),
      isDanger: action !== 'rotate',
      pair: {
        name,
        ak: status?.accessKey,
        state: status?.state ?? 'Pending',
        lastUsedAt: status && lastUseOf(status, now),
      },
      generation: fetched.generation,
      overlap: hasChoice ? choice : undefined,
      confirmed: isUsed || isOwn,
      notice,
    }),
    notice ? 409 : 200,
  );
}

/**
 * Whether an action stops a pair that is in use, or that the person is signed in with, and they have not seen the page
 * that says so.
 *
 * @throws ConsoleError 400 if the form has no valid generation, 404 if there is no such pair
 */
export async function needsConfirmation(context: PageContext, { action, now }: Confirmation): Promise<boolean> {
  const visitor = context.get('visitor');
  if (!stopping.has(action) || !visitor.may.manage) return false;
  const form = await readForm(context.req);
  // A form that is invalid is rejected, not shown again for confirmation.
  parseGeneration(form.text('generation'));
  const name = pairNameOf(context);
  const fetched = await requireAccessKeyWithPair(visitor, name);
  const isOwn = visitor.pairName === name;
  return (isOwn || isInUse(pairStatusOf(fetched, name), now)) && form.text(confirmedField) === undefined;
}
