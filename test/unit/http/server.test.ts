import { request } from 'node:http';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { serve } from '../../../src/http/server.ts';

const loopback = { address: '127.0.0.1', port: 0 };

/** An app whose /slow answers when the test says so. */
function createSlowApp() {
  const reached = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const app = new Hono();
  app.get('/', (context) => context.text('ok'));
  app.get('/slow', async (context) => {
    reached.resolve();
    await answer.promise;
    return context.text('late');
  });
  return { app, reached: reached.promise, answer: answer.resolve };
}

/** Status and body of a GET over a connection of its own, or the code of what went wrong. */
function get(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.setEncoding('utf8');
      let text = '';
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${text}`));
    });
    call.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    call.end();
  });
}

describe('serve', () => {
  it('takes a free port and answers there', async () => {
    const server = await serve(createSlowApp().app, loopback);
    expect(server.address).toBe('127.0.0.1');
    expect(await get(server.port, '/')).toBe('200 ok');
    await server.close(0);
    expect(await get(server.port, '/')).toBe('ECONNREFUSED');
  });

  it('says when the port is taken', async () => {
    const { app } = createSlowApp();
    const server = await serve(app, loopback);
    await expect(serve(app, { ...loopback, port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await server.close(0);
  });

  it('lets the request under way be answered when it closes', async () => {
    const { app, reached, answer } = createSlowApp();
    const server = await serve(app, loopback);
    const slow = get(server.port, '/slow');
    await reached;
    const closed = server.close(60_000);
    expect(await get(server.port, '/')).toBe('ECONNREFUSED');
    answer();
    expect(await slow).toBe('200 late');
    await closed;
  });

  it('does not wait longer than it is told to', async () => {
    const { app, reached } = createSlowApp();
    const server = await serve(app, loopback);
    const slow = get(server.port, '/slow');
    await reached;
    await server.close(10);
    expect(await slow).toBe('ECONNRESET');
  });

  it('refuses a head that is too large', async () => {
    const server = await serve(createSlowApp().app, loopback);
    expect(await get(server.port, '/', { cookie: 'x'.repeat(20_000) })).toMatch(/^431 /);
    await server.close(0);
  });
});
