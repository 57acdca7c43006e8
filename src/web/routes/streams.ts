import type { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { ConsoleError } from '../common/console-error.ts';
import { accessKeysPath } from '../common/paths.ts';
import type { ChangeSource, Streams } from '../common/streams.ts';
import type { Session } from '../session/session.ts';
import type { ConsoleEnvironment, PageContext } from './dependencies.ts';

/** How long a browser waits before it reconnects, milliseconds. */
const retryMs = 3_000;

/** After this time a stream ends and the page opens a new one, which checks the permissions again; milliseconds. */
const maxStreamMs = 300_000;

/** Changes of objects that the visitor may see when the stream is opened. */
export interface AuthorizedSource {
  changes: ChangeSource;
  /** Whether the source no longer reports all changes; the page then opens a new stream. */
  isOutdated(): boolean;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** What the routes of event streams need. */
export interface StreamDependencies {
  streams: Streams;
  /** Whether a session has ended, for example because its pair was disabled. Its stream ends after the next event. */
  hasEnded: (session: Session, address: string) => Promise<boolean>;
  /** @returns when a session ends if it is not used again, milliseconds since the epoch */
  endOf: (session: Session) => number;
}

/** The stream of the access keys. */
export function addStreamRoutes(app: Hono<ConsoleEnvironment>, streaming: StreamDependencies): void {
  app.get(`${accessKeysPath}/events`, (context) => answerStream(context, streaming));
}

/**
 * Responds with server-sent events (WHATWG HTML): each `change` makes the page reload its live part.
 *
 * @param source default: the AccessKey of the visitor
 */
export function answerStream(
  context: PageContext,
  { streams, hasEnded, endOf }: StreamDependencies,
  source?: AuthorizedSource,
): Response {
  // Hono sends HEAD to this handler and drops the body, so the stream would never be read and never end.
  if (context.req.method === 'HEAD') return context.body(null, 200, { 'Content-Type': 'text/event-stream' });
  const { session, user } = context.get('visitor');
  const stream = streams.open(session.id, user.name, endOf(session), source?.changes);
  if (!stream) throw new ConsoleError('rejectedStreams', {}, 503);
  const openedAt = source?.now() ?? 0;
  const isOutdated = () => source !== undefined && (source.now() - openedAt > maxStreamMs || source.isOutdated());
  context.header('X-Accel-Buffering', 'no');
  return streamSSE(context, async (sse) => {
    sse.onAbort(() => stream.end());
    try {
      await sse.writeSSE({ event: 'ready', data: '', retry: retryMs });
      for (let event = await stream.next(); event; event = await stream.next()) {
        await sse.writeSSE({ event, data: '' });
        if (isOutdated() || (await hasEnded(session, context.get('clientAddress')))) return;
      }
    } finally {
      stream.end();
    }
  });
}
