import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { closeInactiveConnections } from '../../../../src/http/server/inactivity.ts';

/** A server with one connection whose timer the test advances. */
function createConnection() {
  const server = new EventEmitter() as unknown as Server;
  let time = 0;
  const socket = {
    timeout: 0,
    bytesRead: 0,
    bytesWritten: 0,
    destroyed: false,
    setTimeout(milliseconds: number) {
      socket.timeout = milliseconds;
    },
    destroy() {
      socket.destroyed = true;
    },
  };
  closeInactiveConnections(server, 120_000, () => time);
  socket.setTimeout(server.timeout);
  return {
    socket,
    /** Lets this many periods end without progress, each after this many times its length. */
    expire(count: number, lengths = 1) {
      for (let index = 0; index < count && !socket.destroyed; index += 1) {
        time += socket.timeout * lengths;
        server.emit('timeout', socket);
      }
      return time;
    },
  };
}

describe('closeInactiveConnections', () => {
  it('closes a connection after the timeout', () => {
    const { socket, expire } = createConnection();
    expire(11);
    expect(socket.destroyed).toBe(false);
    expect(expire(1)).toBe(120_000);
    expect(socket.destroyed).toBe(true);
  });

  it('closes a connection whose client stops reading after at most one more period', () => {
    const { socket, expire } = createConnection();
    // Node extends the first period, because the kernel accepted a part of the response.
    expire(1, 2);
    expect(expire(11)).toBe(130_000);
    expect(socket.destroyed).toBe(true);
  });

  it('starts again after data was received or sent', () => {
    const { socket, expire } = createConnection();
    expire(11);
    socket.bytesRead += 1;
    expire(11);
    socket.bytesWritten += 1;
    expire(11);
    expect(socket.destroyed).toBe(false);
  });

  it('starts again after the client has read a part of the response', () => {
    const { socket, expire } = createConnection();
    expire(11);
    expire(1, 2);
    expire(10);
    expect(socket.destroyed).toBe(false);
  });

  it('leaves the keep-alive timeout to Node', () => {
    const { socket, expire } = createConnection();
    socket.setTimeout(65_000);
    expire(1);
    expect(socket.destroyed).toBe(true);
  });

  it('closes a real connection whose client does not read', async () => {
    const server = createServer((_, response) => void response.end(Buffer.alloc(2 ** 24)));
    closeInactiveConnections(server, 100);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ended = once(server, 'connection').then(([socket]) => once(socket, 'close'));
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined).pause();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await ended;
    client.destroy();
    server.close();
  });
});
