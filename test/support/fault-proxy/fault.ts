import type { IncomingHttpHeaders } from 'node:http';

/** A request to the proxy. */
export interface ProxyRequest {
  /** Index among all requests. */
  readonly number: number;
  /** Index among the requests with the same method, path and isWatch. */
  readonly nth: number;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly isWatch: boolean;
  /** Time of arrival by the monotonic clock (performance.now), milliseconds. */
  readonly at: number;
}

/** A fault of any request. */
export type CallFault =
  /** Responds instead of the API server, by default with a metav1.Status. */
  | { kind: 'answer'; status: number; reason?: string; retryAfterSeconds?: number; body?: string }
  /** Destroys the connection; the request does not reach the API server. */
  | { kind: 'cut' }
  /** Destroys the connection when the response arrives: the request took effect, but the client cannot know. */
  | { kind: 'loseAnswer' }
  /** Destroys the connection after this many bytes of the response body. A shorter response passes. */
  | { kind: 'cutAfterBytes'; bytes: number }
  /** Delays the request. */
  | { kind: 'delay'; ms: number };

/** A fault of a watch after a number of lines, including bookmarks. Other requests and shorter watches pass. */
export type WatchFault = { afterLines: number } /** Destroys the connection. */ & (
  | { kind: 'cutWatch' }
  /** Ends the response, as the API server does after timeoutSeconds. */
  | { kind: 'endWatch' }
  /** Keeps the connection open without sending anything. */
  | { kind: 'halfOpen' }
  /** Inserts a line, without waiting for the next one. */
  | { kind: 'insertLine'; line: string }
  /** Replaces the next line. */
  | { kind: 'garbleLine'; garble: (line: string) => string }
  /** Sends half of the next line and destroys the connection. */
  | { kind: 'cutInLine' }
);

/** Makes the API server end the watch after this time. It sends the last bookmark 2 s before. */
export interface ShortWatch {
  kind: 'shortWatch';
  timeoutSeconds: number;
}

export type Fault = CallFault | WatchFault | ShortWatch;

/** Chooses the fault of a request; undefined lets it pass. The result must depend only on the request. */
export type FaultDecision = (request: ProxyRequest) => Fault | undefined;

export function isWatchFault(fault: Fault | undefined): fault is WatchFault {
  return fault !== undefined && 'afterLines' in fault;
}
