import type { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { ConsoleError } from '../common/console-error.ts';
import type { Streams } from '../common/streams.ts';
import type { Session } from '../session/session.ts';
import type { ConsoleEnvironment } from './dependencies.ts';
import { accessKeysPath } from './key-forms.ts';

/** How long a browser waits before it reconnects, milliseconds. */
const retryMs = 3_000;

/**
 * Server-sent events (WHATWG HTML): each event makes the page reload the table.
 *
 * @param hasEnded whether a session has ended, for example because its pair was disabled. Such a session gets that one
 * change and no further events
 * @param endOf when a session ends if it is not used again, milliseconds since the epoch
 */
export function addStreamRoutes(
  app: Hono<ConsoleEnvironment>,
  streams: Streams,
  hasEnded: (session: Session) => Promise<boolean>,
  endOf: (session: Session) => number = ({ expiresAt }) => expiresAt,
): void {
  app.get(`${accessKeysPath}/events`, (context) => {
    // Hono sends HEAD to this handler and drops the body, so the stream would never be read and never end.
    if (context.req.method === 'HEAD') return context.body(null, 200, { 'Content-Type': 'text/event-stream' });
    const { session, user } = context.get('visitor');
    const stream = streams.open(session.id, user.name, endOf(session));
    if (!stream) throw new ConsoleError('rejectedStreams', {}, 503);
    context.header('X-Accel-Buffering', 'no');
    return streamSSE(context, async (sse) => {
      sse.onAbort(() => stream.end());
      try {
        await sse.writeSSE({ event: 'ready', data: '', retry: retryMs });
        for (let event = await stream.next(); event; event = await stream.next()) {
          await sse.writeSSE({ event, data: '' });
          if (await hasEnded(session)) return;
        }
      } finally {
        stream.end();
      }
    });
  });
}
