import type { Hono } from 'hono';
import { pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import { readForm } from '../common/form.ts';
import type { MessageKey } from '../common/language.ts';
import { RefusedError } from '../common/refused-error.ts';
import type { KeyPairSpecs, LiveAccessKey } from '../keys/api.ts';
import { changeKeyPairs, refuseManaged } from '../keys/change.ts';
import { actOnPair, requirePair } from '../keys/edits.ts';
import type { Namespaces } from '../keys/namespaces.ts';
import { readOwn, type Visitor } from '../keys/visitor.ts';
import { accessKeysPage, keyContent } from '../pages/access-keys.ts';
import { confirmPage } from '../pages/confirm.ts';
import type { Notice } from '../pages/parts.ts';
import type { ConsoleEnvironment, PageContext } from './environment.ts';
import { keyContentOf, personOf } from './key-content.ts';
import type { Reveal } from './reveal.ts';

export const accessKeysPath = '/personal-center/access-keys';
/** What a page may tell after it has changed something; the names stand in the URL. */
const doneMessages = {
  enabled: 'doneEnabled',
  disabled: 'doneDisabled',
  deleted: 'doneDeleted',
  edited: 'doneEdited',
} as const satisfies Record<string, MessageKey>;
export type Done = keyof typeof doneMessages;

/** The table of one's keys, and what can be done with each. */
export function addAccessKeyRoutes(
  app: Hono<ConsoleEnvironment>,
  { namespaces, reveal }: { namespaces: Namespaces; reveal: Reveal },
): void {
  app.get(accessKeysPath, async (context) => {
    const visitor = context.get('visitor');
    const view = context.get('view');
    const content = await keyContentOf(visitor, namespaces);
    const person = personOf(visitor);
    if (context.req.query('fragment') !== undefined) return context.html(keyContent(view, person, content));
    return context.html(accessKeysPage(view, person, content, doneNotice(context)));
  });

  for (const action of ['enable', 'disable'] as const) {
    app.post(`${accessKeysPath}/:pair/${action}`, async (context) => {
      await act(context, action);
      return context.redirect(donePath(`${action}d`, pairOf(context)), 303);
    });
  }

  app.get(`${accessKeysPath}/:pair/rotate`, (context) => confirm(context, 'rotate'));
  app.post(`${accessKeysPath}/:pair/rotate`, async (context) => {
    const former = await act(context, 'rotate');
    const { namespace, name: accessKey } = former;
    const { name: pair, revision = 1 } = requirePair(former.spec.keyPairs ?? [], pairOf(context));
    return reveal.show(context, { namespace, accessKey, pair, revision: revision + 1 });
  });

  app.get(`${accessKeysPath}/:pair/delete`, (context) => confirm(context, 'delete'));
  app.post(`${accessKeysPath}/:pair/delete`, async (context) => {
    await act(context, 'delete');
    return context.redirect(donePath('deleted', pairOf(context)), 303);
  });
}

export function donePath(done: Done, pair: string): string {
  return `${accessKeysPath}?${new URLSearchParams({ done, pair })}`;
}

function doneNotice(context: PageContext): Notice | undefined {
  const { done, pair = '' } = context.req.query();
  const key = Object.hasOwn(doneMessages, done ?? '') ? doneMessages[done as Done] : undefined;
  return key && { kind: 'success', text: context.get('view').t(key, { pair }) };
}

/** Name of the pair that the path is about. */
export function pairOf(context: PageContext): string {
  return context.req.param('pair') ?? '';
}

/** @throws RefusedError when the form has no whole number there */
export function generationOf(text: string | undefined): number {
  if (!/^\d{1,15}$/.test(text ?? '')) throw new RefusedError('refusedValue', {}, 400);
  return Number(text);
}

async function act(context: PageContext, action: Parameters<typeof actOnPair>[2]): Promise<LiveAccessKey> {
  const form = await readForm(context.req);
  const pair = pairOf(context);
  return changeKeyPairs(context.get('visitor'), {
    ...{ action, pair, generation: generationOf(form.text('generation')) },
    apply: (keyPairs: KeyPairSpecs) => actOnPair(keyPairs, pair, action),
  });
}

/** @throws RefusedError when there is no such pair */
export async function requireLive(visitor: Visitor, pair: string): Promise<LiveAccessKey> {
  const live = await readOwn(visitor);
  if (!live) throw new RefusedError('refusedNoAccessKey', {}, 404);
  requirePair(live.spec.keyPairs ?? [], pair);
  return live;
}

async function confirm(context: PageContext, action: 'rotate' | 'delete'): Promise<Response> {
  const visitor = context.get('visitor');
  const view = context.get('view');
  const { t } = view;
  const name = pairOf(context);
  const live = await requireLive(visitor, name);
  refuseManaged(live, { action, pair: name });
  const ak = pairStatusOf(live, name)?.accessKey;
  const overlap = requirePair(live.spec.keyPairs ?? [], name).rotation?.overlap;
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
      ...{ isDanger: !isRotation, pair: { name, ak }, generation: live.generation },
    }),
  );
}
