import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';

/** Ends a server without cutting off an answer. */
export interface Drain {
  /**
   * Sends clients elsewhere while requests are still answered, over new connections too: each answer says
   * `Connection: close` (RFC 9112 section 9.6). A connection that was kept would otherwise be closed at the very moment at
   * which its client uses it again.
   */
  begin(): void;
  /**
   * Takes no new connections; idle ones are closed at once, requests under way are answered with `Connection: close`, and
   * what is left after `withinMs` milliseconds is destroyed.
   */
  close(withinMs: number): Promise<void>;
}

/** Keeps account of a server's connections, so that it can be drained. To be called before it listens. */
export function createDrain(server: Server): Drain {
  const waiting = watchConnections(server);
  const underWay = new Set<ServerResponse>();
  let draining = false;

  // Before the app answers, which it may do at once.
  server.prependListener('request', (_, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    if (draining) closeAfter(response);
  });

  const begin = () => {
    if (draining) return;
    draining = true;
    for (const response of underWay) closeAfter(response);
  };
  const close = async (withinMs: number) => {
    begin();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Node counts a connection that was only opened as busy.
    for (const socket of waiting()) socket.destroy();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), withinMs);
    await closed;
    clearTimeout(timer);
  };
  return { begin, close };
}

/**
 * Keeps account of the connections that have had no request yet.
 *
 * @returns gives those over which nothing of a request has come. With TLS these are the ones that still shake hands, and
 *   after that those without a byte of plain text.
 */
function watchConnections(server: Server): () => Socket[] {
  const overTls = server instanceof TlsServer;
  const silent = new Map<string, Socket>();
  const watch = (socket: Socket) => {
    const peer = peerOf(socket);
    silent.set(peer, socket);
    socket.once('close', () => silent.get(peer) === socket && silent.delete(peer));
  };
  server.on('connection', watch);
  // Takes the place of the connection that it is made over.
  server.on('secureConnection', watch);
  server.prependListener('request', ({ socket }) => silent.delete(peerOf(socket)));
  const shakesHands = (socket: Socket) => overTls && !(socket instanceof TLSSocket);
  return () => [...silent.values()].filter((socket) => shakesHands(socket) || socket.bytesRead === 0);
}

/** Tells connections apart. A TLS socket does not say which socket it is made over, but has the same peer. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function closeAfter(response: ServerResponse): void {
  const { socket } = response.req;
  if (response.headersSent) response.once('finish', () => socket.end());
  else response.setHeader('Connection', 'close');
}
