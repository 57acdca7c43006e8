import type { Hono } from 'hono';
import { isStatus } from '../../kube/errors.ts';
import { readOwn } from '../keys/visitor.ts';
import { profilePage } from '../pages/profile.ts';
import type { ConsoleEnvironment } from './environment.ts';
import { personOf } from './key-content.ts';

/** Who one is. */
export function addProfileRoutes(app: Hono<ConsoleEnvironment>): void {
  app.get('/personal-center/profile', async (context) => {
    const visitor = context.get('visitor');
    const live = await readOwn(visitor).catch(ignoreForbidden);
    const ready = live?.status.conditions?.find((one) => one.type === 'Ready');
    const { own, session } = visitor;
    return context.html(
      profilePage(context.get('view'), {
        person: personOf(visitor, live && emailOf(live.spec.user)),
        userId: own?.uid,
        accessKey: own && `${own.namespace}/${own.name}`,
        condition: ready && { ready: ready.status === 'True', reason: ready.reason, message: ready.message },
        signedInBy: session.kind,
        sessionUntil: session.expiresAt,
      }),
    );
  });
}

/** What may not be read is not shown. */
function ignoreForbidden(error: unknown): undefined {
  if (!isStatus(error, 403)) throw error;
  return undefined;
}

function emailOf(user: object): string | undefined {
  const { email } = user as { email?: string };
  return email || undefined;
}
