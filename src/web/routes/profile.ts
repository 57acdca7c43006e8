import type { Hono } from 'hono';
import { conditionOf } from '../../accesskey/model/access-key-record.ts';
import { personOf } from '../pages/personal-center.ts';
import { profilePage } from '../pages/profile.ts';
import { MissingPermissionError } from '../visitor/key-api.ts';
import { readAccessKey } from '../visitor/visitor.ts';
import type { ConsoleEnvironment } from './dependencies.ts';

/** The profile tab. */
export function addProfileRoutes(app: Hono<ConsoleEnvironment>): void {
  app.get('/personal-center/profile', async (context) => {
    const visitor = context.get('visitor');
    const fetched = await readAccessKey(visitor).catch(ignoreForbidden);
    const ready = fetched && conditionOf(fetched, 'Ready');
    const { accessKey, session } = visitor;
    return context.html(
      profilePage(context.get('view'), {
        person: personOf(visitor, fetched && emailOf(fetched.spec.user)),
        userId: accessKey?.uid,
        accessKey: accessKey && `${accessKey.namespace}/${accessKey.name}`,
        condition: ready && { ready: ready.status === 'True', reason: ready.reason, message: ready.message },
        signInMethod: 'sso' in session && session.sso ? 'single-sign-on' : session.kind,
        sessionExpiresAt: session.expiresAt,
      }),
    );
  });
}

/** The profile leaves out what the visitor may not read. */
function ignoreForbidden(error: unknown): undefined {
  if (!(error instanceof MissingPermissionError)) throw error;
  return undefined;
}

function emailOf(user: object): string | undefined {
  const { email } = user as { email?: string };
  return email || undefined;
}
