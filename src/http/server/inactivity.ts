import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The timeout is divided into this many periods. */
const periods = 12;

/** Consecutive periods of a connection without progress. */
interface Inactivity {
  periods: number;
  /** When the last of them ended, milliseconds. */
  at: number;
  /** Bytes received and sent. */
  bytes: number;
}

/**
 * Closes connections on which nothing is received or sent for `timeoutMs`, for example because the client does not read
 * the response.
 *
 * Node's timeout alone takes twice as long in that case: if the kernel accepted a part of the data, it starts once more.
 * Shorter periods keep that extension short.
 */
export function closeInactiveConnections(server: Server, timeoutMs: number, now = () => performance.now()): void {
  const period = Math.ceil(timeoutMs / periods);
  const inactivity = new WeakMap<Socket, Inactivity>();
  server.timeout = period;
  server.on('timeout', (socket) => {
    // Otherwise Node has set its keep-alive timeout.
    if (socket.timeout !== period) return socket.destroy();
    const [at, bytes] = [now(), socket.bytesRead + socket.bytesWritten];
    const previous = inactivity.get(socket);
    // Node extends a period in which the kernel accepted data, so a longer time means progress.
    const isConsecutive = previous !== undefined && previous.bytes === bytes && at - previous.at < period * 1.5;
    const current = { periods: isConsecutive ? previous.periods + 1 : 1, at, bytes };
    if (current.periods >= periods) return socket.destroy();
    inactivity.set(socket, current);
    return socket.setTimeout(period);
  });
}
