import type { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { RefusedError } from '../common/refused-error.ts';
import type { Streams } from '../common/streams.ts';
import type { Session } from '../session/session.ts';
import { accessKeysPath } from './access-keys.ts';
import type { ConsoleEnvironment } from './environment.ts';

/** How long a browser waits before it asks again, milliseconds. */
const retryMs = 3_000;

/**
 * Server-sent events (WHATWG HTML): each says that the table is to be loaded again.
 *
 * @param isOver whether a session has ended since, as by its pair: such a one is told of that change, and of no other
 */
export function addStreamRoutes(
  app: Hono<ConsoleEnvironment>,
  streams: Streams,
  isOver: (session: Session) => Promise<boolean>,
): void {
  app.get(`${accessKeysPath}/events`, (context) => {
    const { session, user } = context.get('visitor');
    const stream = streams.open(session.id, user.name, session.expiresAt);
    if (!stream) throw new RefusedError('refusedStreams', {}, 503);
    context.header('X-Accel-Buffering', 'no');
    return streamSSE(context, async (sse) => {
      sse.onAbort(() => stream.end());
      try {
        await sse.writeSSE({ event: 'ready', data: '', retry: retryMs });
        for (let event = await stream.next(); event; event = await stream.next()) {
          await sse.writeSSE({ event, data: '' });
          if (await isOver(session)) return;
        }
      } finally {
        stream.end();
      }
    });
  });
}
