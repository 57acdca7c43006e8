import type { IncomingHttpHeaders } from 'node:http';

/** A request that came to the proxy. */
export interface ProxyRequest {
  /** Its place among all requests, from 0. */
  readonly number: number;
  /** Its place among those of the same method, path and isWatch, from 0. */
  readonly nth: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly isWatch: boolean;
  /** When it came, milliseconds by the monotonic clock (performance.now). */
  readonly at: number;
}

/** What goes wrong with any request. */
export type CallFault =
  /** Answers, by default with a metav1.Status as the API server does; the request does not reach it. */
  | { kind: 'answer'; status: number; reason?: string; retryAfterSeconds?: number; body?: string }
  /** Destroys the connection; the request does not reach the API server. */
  | { kind: 'cut' }
  /** Destroys the connection when the answer comes: it was done, and the client cannot know. */
  | { kind: 'loseAnswer' }
  /** Destroys the connection after this much of the answer's body. A shorter answer passes whole. */
  | { kind: 'cutAfterBytes'; bytes: number }
  /** Holds the request back for a while, and then passes it. */
  | { kind: 'delay'; ms: number };

/**
 * What goes wrong with a watch after so many lines of it, bookmarks included. Other requests pass, and so does a watch
 * that ends sooner.
 */
export type WatchFault = { afterLines: number } /** Destroys the connection. */ & (
  | { kind: 'cutWatch' }
  /** Ends the answer as the API server does when timeoutSeconds are over. */
  | { kind: 'endWatch' }
  /** The connection stays open, and nothing comes any more. */
  | { kind: 'halfOpen' }
  /** A line of the proxy's own is put in, without waiting for the next one. */
  | { kind: 'insertLine'; line: string }
  /** The next line comes as this makes it. */
  | { kind: 'garbleLine'; garble: (line: string) => string }
  /** Half of the next line comes, then the connection is destroyed. */
  | { kind: 'cutInLine' }
);

/** The API server itself ends the watch after this time instead of the one asked for; its last bookmark comes 2 s before. */
export interface ShortWatch {
  kind: 'shortWatch';
  timeoutSeconds: number;
}

export type Fault = CallFault | WatchFault | ShortWatch;

/** Decides what goes wrong with a request; undefined lets it pass. It must depend on the request alone. */
export type FaultDecision = (request: ProxyRequest) => Fault | undefined;

export function isWatchFault(fault: Fault | undefined): fault is WatchFault {
  return fault !== undefined && 'afterLines' in fault;
}
