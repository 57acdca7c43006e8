import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { shareOf } from '../../kube/names.ts';
import { pause } from '../../kube/time.ts';

/**
 * Limits of open streams per session, per share of a user (`shareOf`), who may have many sessions, and per process. Browsers
 * open six connections to a server (HTTP/1.1), and the pages of a session need some for their requests.
 */
const maxPerSession = 4;
const maxPerUser = 30;
const maxStreams = 1_000;
/** Keep-alive interval, milliseconds: proxies and the server close silent connections. */
const pingMs = 25_000;

export type StreamEvent = 'change' | 'ping';

/** The stream of one open page. */
export interface Stream {
  /** Waits for the next event. @returns the event, or undefined once the stream has ended */
  next(): Promise<StreamEvent | undefined>;
  end(): void;
}

/** The changes that a stream reports. */
export interface ChangeSource {
  /** @returns a function that unsubscribes the listener */
  subscribe(notify: () => void): () => void;
  /** Changes within this time are sent as one event, milliseconds. */
  debounceMs: number;
}

/** The streams that notify open pages when their content changes. Events carry no content. */
export interface Streams {
  /**
   * @param expiresAt end of the session and so of the stream, milliseconds since the epoch
   * @param source default: the AccessKey of the user
   * @returns the stream, or undefined if too many are open
   */
  open(sessionId: string, user: string, expiresAt: number, source?: ChangeSource): Stream | undefined;
  /** Ends the streams of a session that was signed out. */
  signedOut(sessionId: string): void;
  /** Ends all streams when the process stops. */
  close(): void;
}

interface OpenStream {
  sessionId: string;
  share: string;
  end(): void;
}

export function createStreams(caches: AccessKeyCaches, now: () => number): Streams {
  const openStreams = new Set<OpenStream>();
  const ofSession = (sessionId: string) => [...openStreams].filter((one) => one.sessionId === sessionId);
  const ofShare = (share: string) => [...openStreams].filter((one) => one.share === share);
  let closed = false;

  function open(sessionId: string, user: string, expiresAt: number, source: ChangeSource): Stream {
    const ended = new AbortController();
    let changed = false;
    let wake = Promise.withResolvers<void>();
    const notify = () => {
      changed = true;
      wake.resolve();
    };
    const unsubscribe = source.subscribe(notify);
    const one: OpenStream = {
      sessionId,
      share: shareOf(user),
      end() {
        openStreams.delete(one);
        unsubscribe();
        ended.abort();
      },
    };
    openStreams.add(one);
    return {
      async next() {
        if (ended.signal.aborted) return undefined;
        const timeout = new AbortController();
        const signal = AbortSignal.any([ended.signal, timeout.signal]);
        const pingDue = pause(Math.min(pingMs, Math.max(1, expiresAt - now())), signal);
        await Promise.race([wake.promise, pingDue]);
        timeout.abort();
        if (changed) await pause(source.debounceMs, ended.signal);
        if (now() >= expiresAt) one.end();
        if (ended.signal.aborted) return undefined;
        const event = changed ? 'change' : 'ping';
        changed = false;
        wake = Promise.withResolvers();
        return event;
      },
      end: one.end,
    };
  }

  return {
    open(sessionId, user, expiresAt, source = accessKeyChanges(caches, user)) {
      if (closed || openStreams.size >= maxStreams) return undefined;
      if (ofSession(sessionId).length >= maxPerSession || ofShare(shareOf(user)).length >= maxPerUser) return undefined;
      return open(sessionId, user, expiresAt, source);
    },
    signedOut(sessionId) {
      for (const one of ofSession(sessionId)) one.end();
    },
    close() {
      closed = true;
      for (const one of [...openStreams]) one.end();
    },
  };
}

function accessKeyChanges({ accessKeys, userHolders }: AccessKeyCaches, user: string): ChangeSource {
  return {
    debounceMs: 100,
    subscribe(notify) {
      const unsubscribes = [
        accessKeys.subscribe(({ previous, current }) => {
          if ((current ?? previous)?.spec.user.name === user) notify();
        }),
        userHolders.subscribe((one) => {
          if (one === user) notify();
        }),
      ];
      return () => {
        for (const unsubscribe of unsubscribes) unsubscribe();
      };
    },
  };
}
