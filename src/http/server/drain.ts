import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';

/** Stops a server without interrupting responses. */
export interface Drain {
  /** Tracks a response from the start of its request's processing. */
  track(response: ServerResponse): void;
  /**
   * Adds `Connection: close` to every response (RFC 9112 section 9.6), but still accepts requests and connections. So
   * clients reconnect to another replica before `close`, instead of reusing a connection while it is being closed.
   */
  begin(): void;
  /**
   * Accepts no new connections, closes idle ones, and waits for requests in flight. Destroys remaining connections after
   * `withinMs` milliseconds.
   */
  close(withinMs: number): Promise<void>;
}

/** Tracks the connections of a server. Must be called before the server listens. */
export function createDrain(server: Server): Drain {
  const unused = trackUnusedConnections(server);
  const inFlight = new Set<ServerResponse>();
  let draining = false;

  const track = (response: ServerResponse) => {
    inFlight.add(response);
    response.once('close', () => inFlight.delete(response));
    if (draining) closeAfter(response);
  };
  const begin = () => {
    if (draining) return;
    draining = true;
    for (const response of inFlight) closeAfter(response);
  };
  const close = async (withinMs: number) => {
    begin();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Node does not consider a connection without a request as idle.
    for (const socket of unused()) socket.destroy();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), withinMs);
    await closed;
    clearTimeout(timer);
  };
  return { track, begin, close };
}

/**
 * Tracks connections without a request.
 *
 * @returns a function that returns the connections on which no byte of a request has arrived. With TLS, these are
 * connections in the handshake, and later those without decrypted data.
 */
function trackUnusedConnections(server: Server): () => Socket[] {
  const isTls = server instanceof TlsServer;
  const sockets = new Map<string, Socket>();
  const track = (socket: Socket) => {
    const peer = peerOf(socket);
    sockets.set(peer, socket);
    socket.once('close', () => sockets.get(peer) === socket && sockets.delete(peer));
  };
  server.on('connection', track);
  // Replaces the entry of the underlying connection.
  server.on('secureConnection', track);
  server.prependListener('request', ({ socket }) => sockets.delete(peerOf(socket)));
  const isInHandshake = (socket: Socket) => isTls && !(socket instanceof TLSSocket);
  return () => [...sockets.values()].filter((socket) => isInHandshake(socket) || socket.bytesRead === 0);
}

/** Identifies a connection. A TLS socket does not expose its underlying socket, but has the same peer. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function closeAfter(response: ServerResponse): void {
  const { socket } = response.req;
  if (response.headersSent) response.once('finish', () => socket.end());
  else response.setHeader('Connection', 'close');
}
