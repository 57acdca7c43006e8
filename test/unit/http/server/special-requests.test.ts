import { once } from 'node:events';
import { createServer, Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { createHealthApp } from '../../../../src/http/server/health.ts';
import { createPipeline } from '../../../../src/http/server/pipeline.ts';
import { serve } from '../../../../src/http/server/server.ts';
import { answerSpecialRequests } from '../../../../src/http/server/special-requests.ts';
import { createPlatform } from '../support.ts';

const loopback = { address: '127.0.0.1', port: 0 };
const connectRequest = 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n';

/** Sends a CONNECT request and returns the server's socket, and that of the client. */
async function sendConnect() {
  const server = createServer();
  answerSpecialRequests(server, () => 'the-id', createPipeline());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.pause();
  client.write(connectRequest);
  const [{ socket }] = (await once(server, 'connect')) as [{ socket: Socket }];
  return { socket, client, close: () => server.close() };
}

describe('the socket of a CONNECT request', () => {
  it('may fail', async () => {
    const { socket, client, close } = await sendConnect();
    const closed = once(socket, 'close').catch(() => undefined);
    // What Node does if the client resets the connection. Without a listener, the test run would end.
    socket.destroy(Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET' }));
    await closed;
    client.destroy();
    close();
  });

  it('is closed if the client does not read the response', async () => {
    const { socket, client, close } = await sendConnect();
    socket.emit('timeout');
    expect(socket.destroyed).toBe(true);
    client.destroy();
    close();
  });
});

describe('a client that sends CONNECT and resets the connection', () => {
  const log = pino({ level: 'silent' });
  it.each([
    ['the API', async () => (await createPlatform({ log })).app],
    ['the health port', async () => createHealthApp({ unready: () => [], log })],
  ])('does not affect %s', async (_, createApp) => {
    const server = await serve(await createApp(), loopback);
    for (let count = 0; count < 40; count += 1) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.write(connectRequest);
      if (count % 2) setImmediate(() => socket.resetAndDestroy());
      else socket.resetAndDestroy();
      if (!socket.closed) await once(socket, 'close');
    }
    expect((await fetch(`http://127.0.0.1:${server.port}/nothing-here`)).status).toBe(404);
    await server.close(0);
  });
});

it('a connection that cannot be accepted is logged', async () => {
  const listen = vi.spyOn(Server.prototype, 'listen');
  const lines: string[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
  const server = await serve(new Hono(), { ...loopback, log });
  const [node] = listen.mock.contexts as Server[];
  listen.mockRestore();
  const failure = Object.assign(new Error('accept ENFILE'), { code: 'ENFILE' });
  node?.emit('error', failure);
  node?.emit('error', failure);
  const line = { level: 50, reason: 'ENFILE', msg: 'cannot accept a connection' };
  expect(lines.map((one) => JSON.parse(one))).toMatchObject([line, line]);
  await server.close(0);
});
