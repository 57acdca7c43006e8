import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type Handler, Hono } from 'hono';
import { afterEach, describe, expect, it } from 'vitest';
import { type Asset, answerAsset } from '../../../../src/http/common/asset.ts';
import { answerText } from '../../../../src/http/common/cacheable.ts';
import type { Environment } from '../../../../src/http/common/environment.ts';
import { answerBody } from '../../../../src/http/common/large-body.ts';
import { compressedOnce } from '../../../../src/http/common/representation.ts';
import { type RunningServer, serve } from '../../../../src/http/server/server.ts';

const pieceSize = 64 * 1024;
let server: RunningServer | undefined;
afterEach(() => server?.close(0));

/** Bytes that gzip cannot make smaller. */
function incompressible(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let start = 0; start < size; start += pieceSize)
    crypto.getRandomValues(bytes.subarray(start, start + pieceSize));
  return bytes;
}

async function piecesOf(answer: Response): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of answer.body ?? []) pieces.push(piece);
  return pieces;
}

describe('answerBody', () => {
  it.each([0, 1, pieceSize, pieceSize + 1, 3 * pieceSize, 3 * pieceSize + 7])(
    'sends %i bytes in pieces of 64 KiB',
    async (size) => {
      const bytes = incompressible(size);
      const app = new Hono().get('/', (context) => answerBody(context, bytes));
      const answer = await app.request('/');
      const pieces = await piecesOf(answer);
      expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
      expect(pieces.every(({ length }) => length <= pieceSize)).toBe(true);
      expect(answer.headers.get('Content-Length')).toBe(size > pieceSize ? String(size) : null);
    },
  );

  it('counts the bytes of a text, and does not split its characters', async () => {
    const text = `a${'界'.repeat(pieceSize / 2)}`;
    const answer = await new Hono().get('/', (context) => answerBody(context, text)).request('/');
    expect(answer.headers.get('Content-Length')).toBe(String(Buffer.byteLength(text)));
    expect(await answer.text()).toBe(text);
  });

  it('has the same headers for HEAD', async () => {
    const app = new Hono().get('/', (context) => answerBody(context, incompressible(2 * pieceSize)));
    const answer = await app.request('/', { method: 'HEAD' });
    expect([answer.headers.get('Content-Length'), await answer.text()]).toEqual([String(2 * pieceSize), '']);
  });
});

// More than the kernel buffers for a connection.
const content = incompressible(16 * 1024 * 1024);
const text = Buffer.from(content.subarray(0, content.length / 2)).toString('hex');
const asset: Asset = { name: 'large.js', type: 'text/javascript', content, compressed: compressedOnce(content) };
const sendFile: Handler<Environment> = (context) => answerAsset(context, asset);
const sendText: Handler<Environment> = (context) =>
  answerText(context, [text], { type: 'text/plain', cacheControl: 'no-cache' });

describe.each([
  { title: 'a file', handler: sendFile, encoding: 'identity', expected: content },
  { title: 'a compressed file', handler: sendFile, encoding: 'gzip', expected: content },
  { title: 'a text', handler: sendText, encoding: 'identity', expected: Buffer.from(text) },
  { title: 'a compressed text', handler: sendText, encoding: 'gzip', expected: Buffer.from(text) },
])('$title', ({ handler, encoding, expected }) => {
  it('is not buffered for a client that does not read, and complete for one that continues', async () => {
    const outgoing = Promise.withResolvers<ServerResponse>();
    const app = new Hono<Environment>();
    app.use((context, next) => {
      outgoing.resolve((context.env as unknown as { outgoing: ServerResponse }).outgoing);
      return next();
    });
    app.get('/', handler);
    server = await serve(app, { address: '127.0.0.1', port: 0 });
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    // HTTP/1.0 has no chunks.
    socket.write(`GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: ${encoding}\r\nConnection: close\r\n\r\n`);
    const response = await outgoing.promise;
    await expect.poll(() => response.writableLength).toBeGreaterThan(0);
    expect(response.writableLength).toBeLessThan(3 * pieceSize);

    const received = await buffer(socket);
    const body = received.subarray(received.indexOf('\r\n\r\n') + 4);
    expect((encoding === 'gzip' ? gunzipSync(body) : body).equals(expected)).toBe(true);
  });
});
