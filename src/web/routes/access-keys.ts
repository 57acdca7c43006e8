import type { Hono } from 'hono';
import { pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import { readForm } from '../common/form.ts';
import type { MessageKey } from '../common/language.ts';
import { type FetchedAccessKey, MissingPermissionError, permissionToCreate } from '../keys/api.ts';
import { changeKeyPairs, requireUnmanaged } from '../keys/change-key-pairs.ts';
import type { Namespaces } from '../keys/first-key.ts';
import { describeMissingKeyPermission } from '../keys/missing-permission.ts';
import { applyAction, requirePair, revisionOf } from '../keys/pair-list.ts';
import { keyTable } from '../keys/rows.ts';
import { readAccessKey, type Visitor } from '../keys/visitor.ts';
import { accessKeysPage, type KeyContent, keyContent } from '../pages/access-keys.ts';
import type { Notice } from '../pages/components.ts';
import { confirmPage } from '../pages/confirm.ts';
import { personOf } from '../pages/personal-center.ts';
import type { ConsoleEnvironment, PageContext } from './dependencies.ts';
import { accessKeysPath, pairNameOf, parseGeneration, requireAccessKeyWithPair } from './key-forms.ts';
import type { PairDisplay } from './show-pair.ts';

/** The success messages that a redirect selects in its query. */
const doneMessages = {
  enabled: 'doneEnabled',
  disabled: 'doneDisabled',
  deleted: 'doneDeleted',
  edited: 'doneEdited',
} as const satisfies Record<string, MessageKey>;
type Done = keyof typeof doneMessages;

/** The table of access keys and the actions in its menus. */
export function addAccessKeyRoutes(
  app: Hono<ConsoleEnvironment>,
  { namespaces, display }: { namespaces: Namespaces; display: PairDisplay },
): void {
  app.get(accessKeysPath, async (context) => {
    const visitor = context.get('visitor');
    const view = context.get('view');
    const content = await keyContentFor(visitor, namespaces);
    const person = personOf(visitor);
    if (context.req.query('fragment') !== undefined) return context.html(keyContent(view, person, content));
    return context.html(accessKeysPage(view, { person, content, notice: doneNotice(context) }));
  });

  for (const [action, done] of [
    ['enable', 'enabled'],
    ['disable', 'disabled'],
  ] as const) {
    app.post(`${accessKeysPath}/:pair/${action}`, async (context) => {
      await runAction(context, action);
      return context.redirect(donePath(done, pairNameOf(context)), 303);
    });
  }

  app.get(`${accessKeysPath}/:pair/rotate`, (context) => confirm(context, 'rotate'));
  app.post(`${accessKeysPath}/:pair/rotate`, async (context) => {
    const before = await runAction(context, 'rotate');
    const { namespace, name: accessKey, uid } = before;
    const pair = requirePair(before.spec.keyPairs ?? [], pairNameOf(context));
    const revision = revisionOf(before, pair) + 1;
    return display.show(context, { namespace, accessKey, uid, pair: pair.name, revision });
  });

  app.get(`${accessKeysPath}/:pair/delete`, (context) => confirm(context, 'delete'));
  app.post(`${accessKeysPath}/:pair/delete`, async (context) => {
    await runAction(context, 'delete');
    return context.redirect(donePath('deleted', pairNameOf(context)), 303);
  });
}

/** Decides what the page shows: the table, the invitation to create a first key, or a missing permission. */
async function keyContentFor(visitor: Visitor, namespaces: Namespaces): Promise<KeyContent> {
  const { accessKey, user, may } = visitor;
  try {
    const fetched = await readAccessKey(visitor);
    if (fetched) return { kind: 'table', table: keyTable(fetched), mayManage: may.manage };
  } catch (error) {
    if (!(error instanceof MissingPermissionError) || !accessKey) throw error;
    const location = { namespace: accessKey.namespace, accessKey: accessKey.name };
    return { kind: 'unreadable', missing: describeMissingKeyPermission(error.permission, user, location) };
  }
  const namespace = may.create ? await namespaces.firstFor(visitor) : undefined;
  if (namespace !== undefined) return { kind: 'first' };
  return { kind: 'no-permission', missing: describeMissingKeyPermission(permissionToCreate, user, {}) };
}

/** @returns the page of the access keys with a success message */
export function donePath(done: Done, pair: string): string {
  return `${accessKeysPath}?${new URLSearchParams({ done, pair })}`;
}

function doneNotice(context: PageContext): Notice | undefined {
  const { done, pair = '' } = context.req.query();
  const key = Object.hasOwn(doneMessages, done ?? '') ? doneMessages[done as Done] : undefined;
  return key && { kind: 'success', text: context.get('view').t(key, { pair }) };
}

/** @returns the AccessKey before the action */
async function runAction(context: PageContext, action: Parameters<typeof applyAction>[2]): Promise<FetchedAccessKey> {
  const form = await readForm(context.req);
  const pair = pairNameOf(context);
  return changeKeyPairs(context.get('visitor'), {
    action,
    pair,
    generation: parseGeneration(form.text('generation')),
    apply: (_, live) => applyAction(live, pair, action),
  });
}

async function confirm(context: PageContext, action: 'rotate' | 'delete'): Promise<Response> {
  const visitor = context.get('visitor');
  const view = context.get('view');
  const { t } = view;
  const name = pairNameOf(context);
  const fetched = await requireAccessKeyWithPair(visitor, name);
  requireUnmanaged(fetched, action, name);
  const ak = pairStatusOf(fetched, name)?.accessKey;
  const overlap = requirePair(fetched.spec.keyPairs ?? [], name).rotation?.overlap;
  const isOwn = visitor.session.kind === 'pair' && visitor.session.ak === ak;
  const isRotation = action === 'rotate';
  const rotateText = overlap === undefined ? t('rotateText') : t('rotateOverlapText', { overlap });
  return context.html(
    confirmPage(view, {
      title: t(isRotation ? 'rotateTitle' : 'deleteTitle', { pair: name }),
      text: isRotation ? rotateText : t('deleteText'),
      warning: isOwn ? t(isRotation ? 'rotateOwnText' : 'deleteOwnText') : undefined,
      action: `${accessKeysPath}/${name}/${action}`,
      submit: t(action),
      isDanger: !isRotation,
      pair: { name, ak },
      generation: fetched.generation,
    }),
  );
}
