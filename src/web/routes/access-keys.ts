import type { Hono } from 'hono';
import type { FetchedAccessKey, KeyPairSpecs } from '../../accesskey/change/access-key-api.ts';
import { revisionOf } from '../../accesskey/change/edit-pairs.ts';
import { ConsoleError } from '../common/console-error.ts';
import { type Form, readForm } from '../common/form.ts';
import { accessKeysPath } from '../common/paths.ts';
import { changeKeyPairs, isChanged } from '../keys/change-key-pairs.ts';
import type { Namespaces } from '../keys/first-key.ts';
import { overlapChoice } from '../keys/overlap.ts';
import { applyAction, requirePair } from '../keys/pair-list.ts';
import { keyTable } from '../keys/rows.ts';
import { accessKeysPage, type KeyContent, keyContent } from '../pages/access-keys.ts';
import type { Notice } from '../pages/components.ts';
import { personOf } from '../pages/personal-center.ts';
import type { Flash, FlashMessage } from '../session/flash.ts';
import { actsAsOperator } from '../session/session.ts';
import { MissingPermissionError, permissionToCreate } from '../visitor/key-api.ts';
import { describeMissingKeyPermission } from '../visitor/missing-permission.ts';
import { readAccessKey, type Visitor } from '../visitor/visitor.ts';
import { needsConfirmation, showConfirmation } from './confirm.ts';
import type { ConsoleDependencies, ConsoleEnvironment, PageContext } from './dependencies.ts';
import { pairNameOf, parseGeneration } from './key-forms.ts';
import type { PairDisplay } from './show-pair.ts';

/** The table of access keys and the actions in its menus. */
export function addAccessKeyRoutes(
  app: Hono<ConsoleEnvironment>,
  { now, inventory }: Pick<ConsoleDependencies, 'now' | 'inventory'>,
  { namespaces, display, flash }: { namespaces: Namespaces; display: PairDisplay; flash: Flash },
): void {
  app.get(accessKeysPath, async (context) => {
    if (context.req.query('fragment') !== undefined) {
      const visitor = context.get('visitor');
      const content = await keyContentFor(visitor, namespaces, now());
      return context.html(keyContent(context.get('view'), personOf(visitor), content));
    }
    const message = await flash.take(context);
    const text = message && context.get('view').t(message.key, { pair: message.pair ?? '' });
    return showTable(context, text === undefined ? undefined : { kind: 'success', text });
  });

  app.post(`${accessKeysPath}/:pair/enable`, async (context) => {
    if (await runAction(context, 'enable', now())) return done(context, 'doneEnabled');
    // The table shows the current values, so the same action can be chosen again.
    return showTable(context, changedNotice(context), 409);
  });

  for (const action of ['rotate', 'delete', 'revoke'] as const) {
    app.get(`${accessKeysPath}/:pair/${action}`, (context) => showConfirmation(context, { action, now: now() }));
  }

  app.post(`${accessKeysPath}/:pair/rotate`, async (context) => {
    const shown = await display.showAgain(context);
    if (shown) return shown;
    const before = await runAction(context, 'rotate', now());
    if (!before) return showConfirmation(context, { action: 'rotate', now: now(), notice: changedNotice(context) });
    const { namespace, name: accessKey, uid } = before;
    const pair = requirePair(before.spec.keyPairs ?? [], pairNameOf(context));
    const [revision, generation] = [revisionOf(before, pair) + 1, before.generation + 1];
    return display.show(context, { namespace, accessKey, uid, pair: pair.name, revision, generation });
  });

  for (const [action, key] of [
    ['disable', 'doneDisabled'],
    ['delete', 'doneDeleted'],
    ['revoke', 'doneRevoked'],
  ] as const) {
    app.post(`${accessKeysPath}/:pair/${action}`, async (context) => {
      const confirmation = { action, now: now() };
      if (await needsConfirmation(context, confirmation)) return showConfirmation(context, confirmation);
      if (await runAction(context, action, now())) return done(context, key);
      const notice = changedNotice(context);
      if (action === 'disable') return showTable(context, notice, 409);
      return showConfirmation(context, { ...confirmation, notice });
    });
  }

  async function done(context: PageContext, key: FlashMessage['key']): Promise<Response> {
    await flash.write(context, { key, pair: pairNameOf(context) });
    return context.redirect(accessKeysPath, 303);
  }

  async function showTable(
    context: PageContext,
    notice: Notice | undefined,
    status: 200 | 409 = 200,
  ): Promise<Response> {
    const visitor = context.get('visitor');
    const content = await keyContentFor(visitor, namespaces, now());
    // Without a decision in time, the page is still useful.
    const hasInventory = await inventory.isOfferedTo(visitor.user, visitor.accessKey?.namespace).catch(() => false);
    const page = { person: personOf(visitor), content, notice, hasInventory };
    return context.html(accessKeysPage(context.get('view'), page), status);
  }
}

function changedNotice(context: PageContext): Notice {
  return { kind: 'error', text: context.get('view').t('rejectedChanged') };
}

/** Decides what the page shows: the table, the invitation to create a first key, or a missing permission. */
async function keyContentFor(visitor: Visitor, namespaces: Namespaces, now: number): Promise<KeyContent> {
  const { accessKey, user, may } = visitor;
  try {
    const fetched = await readAccessKey(visitor);
    if (fetched) return { kind: 'table', table: keyTable(fetched, now), mayManage: may.manage };
  } catch (error) {
    if (!(error instanceof MissingPermissionError) || !accessKey || actsAsOperator(visitor.session)) throw error;
    const location = { namespace: accessKey.namespace, accessKey: accessKey.name };
    return { kind: 'unreadable', missing: describeMissingKeyPermission(error.permission, user, location) };
  }
  const namespace = may.create ? await namespaces.firstFor(visitor) : undefined;
  if (namespace !== undefined) return { kind: 'first' };
  return { kind: 'no-permission', missing: describeMissingKeyPermission(permissionToCreate, user, {}) };
}

/** @throws ConsoleError 400 if the form does not offer the overlap */
function readOverlap(form: Form, live: FetchedAccessKey, name: string): string | undefined {
  const overlap = form.text('overlap');
  const choice = overlapChoice(live, requirePair(live.spec.keyPairs ?? [], name));
  if (overlap === undefined || overlap === choice.current) return undefined;
  if (choice.manager !== undefined || !choice.options.includes(overlap)) throw new ConsoleError('badOverlap', {}, 400);
  return overlap;
}

/** @returns the AccessKey before the action; undefined if its spec has changed since the page was rendered */
async function runAction(
  context: PageContext,
  action: Parameters<typeof applyAction>[2],
  now: number,
): Promise<FetchedAccessKey | undefined> {
  const form = await readForm(context.req);
  const pair = pairNameOf(context);
  const change = {
    action,
    pair,
    generation: parseGeneration(form.text('generation')),
    apply: (_: KeyPairSpecs, live: FetchedAccessKey) =>
      applyAction(live, pair, action, { overlap: readOverlap(form, live, pair), now }),
  };
  return changeKeyPairs(context.get('visitor'), change).catch((error: unknown) => {
    if (!isChanged(error)) throw error;
    return undefined;
  });
}
