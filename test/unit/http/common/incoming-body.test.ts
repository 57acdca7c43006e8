import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { HTTPException } from 'hono/http-exception';
import { describe, expect, it } from 'vitest';
import { maxBodySize, readIncoming } from '../../../../src/http/common/incoming-body.ts';

/** A request whose body has these pieces. */
function request(...pieces: string[]): IncomingMessage {
  const incoming = new IncomingMessage(new Socket());
  for (const piece of pieces) incoming.push(Buffer.from(piece));
  return incoming;
}

function complete(incoming: IncomingMessage): IncomingMessage {
  incoming.complete = true;
  incoming.push(null);
  return incoming;
}

describe('readIncoming', () => {
  it.each([
    ['without content', []],
    ['in one piece', ['a=b']],
    ['in pieces of different sizes', ['a', 'b'.repeat(5_000), 'c', 'd'.repeat(maxBodySize - 5_002)]],
  ])('returns a body %s', async (_, pieces) => {
    const body = await readIncoming(complete(request(...pieces)));
    expect(Buffer.from(body).toString()).toBe(pieces.join(''));
  });

  it('returns the same body for each call', async () => {
    const incoming = complete(request('a=b'));
    const body = await readIncoming(incoming);
    expect(await readIncoming(incoming)).toBe(body);
  });

  it('copies the pieces', async () => {
    const piece = Buffer.from('a=b');
    const incoming = request();
    incoming.push(piece);
    expect(await readIncoming(complete(incoming))).not.toBe(piece.buffer);
  });

  it.each([
    ['too large', ['x'.repeat(maxBodySize), 'x'], 'the body is larger than 65536 bytes', {}],
    ['in too many pieces', Array<string>(4_097).fill('x'), /more than 4096 chunks/, { Connection: 'close' }],
  ])('rejects a body that is %s before its end, and discards the rest', async (_, pieces, message, headers) => {
    const incoming = request(...pieces, 'rest');
    const problem = await readIncoming(incoming).catch((error: unknown) => error);
    expect(problem).toMatchObject({ status: 413, message: expect.stringMatching(message), headers });
    expect([incoming.readableFlowing, incoming.listenerCount('data')]).toEqual([true, 0]);
  });

  it.each(['before', 'after'])('rejects a body if the client disconnects %s the call', async (when) => {
    const incoming = request('a');
    if (when === 'before') incoming.destroy();
    const body = readIncoming(incoming);
    incoming.destroy();
    await expect(body).rejects.toBeInstanceOf(HTTPException);
  });
});
