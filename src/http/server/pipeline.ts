import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { maxBodySize, readIncoming } from '../common/incoming-body.ts';

/** Limits of the requests that wait for the response to an earlier one of their connection. Clients rarely send any. */
const maxWaiting = 16;
/** Of one connection, bytes; the bodies of a few large requests. */
const maxConnectionBytes = 4 * maxBodySize;
/** Of all connections, bytes. */
const maxTotalBytes = 16 * 1024 * 1024;

/** A request that waits, or is processed. */
interface Entry {
  response: ServerResponse | undefined;
  bytes: number;
  process: () => void;
}

/** Processes the requests of each connection one after the other (RFC 9112 section 9.3.2). */
export interface Pipeline {
  /** Processes a request after the responses to earlier ones; never if the connection is closed before. */
  enter(request: IncomingMessage, response: ServerResponse, process: () => void): void;
  /** As `enter`, for the last request of a connection, to which the caller responds on the socket itself. */
  enterLast(socket: Duplex, process: () => void): void;
}

/**
 * Node emits a request as soon as it has received it. Without an order, a client that sends requests faster than they are
 * processed would fill the memory. Beyond the limits, the connection is destroyed.
 *
 * @param onStart called before a request is processed
 */
export function createPipeline(onStart: (response: ServerResponse) => void = () => undefined): Pipeline {
  /** The waiting requests of each connection on which one is processed. */
  const connections = new WeakMap<Duplex, Entry[]>();
  let totalBytes = 0;

  function start(socket: Duplex, { response, process }: Entry): void {
    if (response) {
      onStart(response);
      response.once('close', () => next(socket));
    }
    process();
  }

  function next(socket: Duplex): void {
    const waiting = connections.get(socket) ?? [];
    // After a response with `Connection: close`, the socket has been ended (RFC 9112 section 9.6).
    const entries = socket.writable ? waiting.splice(0, 1) : waiting.splice(0);
    for (const { bytes } of entries) totalBytes -= bytes;
    const [first] = entries;
    if (first === undefined || !socket.writable) connections.delete(socket);
    else start(socket, first);
  }

  function exceedsLimits(waiting: readonly Entry[], bytes: number): boolean {
    const connectionBytes = waiting.reduce((sum, one) => sum + one.bytes, bytes);
    return waiting.length >= maxWaiting || connectionBytes > maxConnectionBytes || totalBytes + bytes > maxTotalBytes;
  }

  /** @returns whether the request waits */
  function add(socket: Duplex, entry: Omit<Entry, 'bytes'>, sizeOf: () => number): boolean {
    // Node still emits the requests that it received before the socket was destroyed.
    if (socket.destroyed) return false;
    const waiting = connections.get(socket);
    if (waiting === undefined) {
      connections.set(socket, []);
      start(socket, { ...entry, bytes: 0 });
      return false;
    }
    const bytes = sizeOf();
    if (exceedsLimits(waiting, bytes)) {
      socket.destroy();
      return false;
    }
    totalBytes += bytes;
    waiting.push({ ...entry, bytes });
    return true;
  }

  return {
    enter(request, response, process) {
      const isWaiting = add(request.socket, { response, process }, () => sizeOf(request));
      // Read early: Node keeps each chunk of an unread body as an object. The route gets the error.
      if (isWaiting) readIncoming(request).catch(() => undefined);
    },
    enterLast: (socket, process) => void add(socket, { response: undefined, process }, () => 0),
  };
}

/** @returns the size of a request, bytes; at most that of a body that is read */
function sizeOf({ url = '', rawHeaders, headers }: IncomingMessage): number {
  const head = rawHeaders.reduce((sum, text) => sum + text.length, url.length);
  const body = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : maxBodySize;
  return head + Math.min(body, maxBodySize);
}
