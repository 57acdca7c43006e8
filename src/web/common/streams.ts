import type { AccessKeyCaches } from '../../accesskey/model/caches.ts';
import { pause } from '../../kube/abort.ts';

/** Bounds of open streams: of a session's tabs, of a person, who can sign in again and again, and of the process. */
const maxOfSession = 6;
const maxOfUser = 30;
const maxStreams = 1_000;
/** Changes that come within this time are told once, milliseconds. */
const gatherMs = 100;
/** A sign of life, milliseconds: proxies and the server itself end what is silent. */
const pingMs = 25_000;

/** What is told on a stream. */
export type StreamEvent = 'change' | 'ping';

/** A stream of one page. */
export interface Stream {
  /** Waits for the next event; undefined when the stream has ended. */
  next(): Promise<StreamEvent | undefined>;
  end(): void;
}

/** The streams by which open pages hear that an AccessKey has changed. What has changed is never told, only that. */
export interface Streams {
  /**
   * @param expiresAt of the session, milliseconds since the epoch: the stream ends then
   * @returns undefined when there are too many
   */
  open(sessionId: string, user: string, expiresAt: number): Stream | undefined;
  /** Ends the streams of a session. */
  signedOut(sessionId: string): void;
  /** Ends all: the process stops. */
  close(): void;
}

interface Open {
  sessionId: string;
  user: string;
  end(): void;
}

export function createStreams({ accessKeys, userHolders }: AccessKeyCaches, now: () => number): Streams {
  const opened = new Set<Open>();
  const ofSession = (sessionId: string) => [...opened].filter((one) => one.sessionId === sessionId);
  const ofUser = (user: string) => [...opened].filter((one) => one.user === user);
  let closed = false;

  function open(sessionId: string, user: string, expiresAt: number): Stream {
    const ended = new AbortController();
    let changed = false;
    let wake = Promise.withResolvers<void>();
    const tell = () => {
      changed = true;
      wake.resolve();
    };
    const ends = [
      accessKeys.subscribe(({ previous, current }) => {
        if ((current ?? previous)?.spec.user.name === user) tell();
      }),
      userHolders.subscribe((one) => {
        if (one === user) tell();
      }),
    ];
    const one: Open = {
      sessionId,
      user,
      end() {
        opened.delete(one);
        for (const unsubscribe of ends) unsubscribe();
        ended.abort();
      },
    };
    opened.add(one);
    return {
      async next() {
        if (ended.signal.aborted) return undefined;
        const timeout = new AbortController();
        const signal = AbortSignal.any([ended.signal, timeout.signal]);
        const quiet = pause(Math.min(pingMs, Math.max(1, expiresAt - now())), signal);
        await Promise.race([wake.promise, quiet]);
        timeout.abort();
        if (changed) await pause(gatherMs, ended.signal);
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
    open(sessionId, user, expiresAt) {
      if (closed || opened.size >= maxStreams) return undefined;
      if (ofSession(sessionId).length >= maxOfSession || ofUser(user).length >= maxOfUser) return undefined;
      return open(sessionId, user, expiresAt);
    },
    signedOut(sessionId) {
      for (const one of ofSession(sessionId)) one.end();
    },
    close() {
      closed = true;
      for (const one of [...opened]) one.end();
    },
  };
}
