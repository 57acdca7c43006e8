import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Ends a server without cutting off an answer: it takes no new connections, idle ones are closed at once, requests under
 * way are answered with `Connection: close` (RFC 9112 section 9.6), and what is left after `withinMs` is destroyed.
 *
 * @param withinMs milliseconds
 */
export type Drain = (withinMs: number) => Promise<void>;

/** Keeps account of a server's connections, so that it can be drained. To be called before it listens. */
export function createDrain(server: Server): Drain {
  const silent = new Set<Socket>();
  const underWay = new Set<ServerResponse>();
  let draining = false;

  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  // Before the app answers, which it may do at once.
  server.prependListener('request', (request, response) => {
    silent.delete(request.socket);
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    if (draining) closeAfter(response);
  });

  return async (withinMs) => {
    draining = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const response of underWay) closeAfter(response);
    // Node counts a connection that was only opened as busy.
    for (const socket of silent) if (socket.bytesRead === 0) socket.destroy();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), withinMs);
    await closed;
    clearTimeout(timer);
  };
}

function closeAfter(response: ServerResponse): void {
  const { socket } = response.req;
  if (response.headersSent) response.once('finish', () => socket.end());
  else response.setHeader('Connection', 'close');
}
