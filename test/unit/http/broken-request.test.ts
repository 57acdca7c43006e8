import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { RequestError } from '@hono/node-server';
import { describe, expect, it } from 'vitest';
import { answerBrokenRequests, answerUnroutable } from '../../../src/http/broken-request.ts';

describe('answerBrokenRequests', () => {
  it.each([
    ['head', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345'],
  ])('answers 408 when the %s does not come in time', async (_, bytes) => {
    const server = createServer({ requestTimeout: 50, headersTimeout: 50, connectionsCheckingInterval: 10 }, () => {});
    answerBrokenRequests(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.write(bytes);
    await once(socket, 'close');
    server.close();
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(head).toMatch(/^connection: close$/im);
    expect(JSON.parse(body)).toEqual({ code: 3, message: 'the request did not arrive in time', details: [] });
  });
});

describe('answerUnroutable', () => {
  it.each([
    [new RequestError('secret'), 400, { code: 3, message: 'the request is malformed', details: [] }],
    [new Error('secret'), 500, { code: 13, message: 'internal error', details: [] }],
  ])('of %s', async (error, status, body) => {
    const answer = answerUnroutable(error);
    expect([answer.status, await answer.json()]).toEqual([status, body]);
    expect(answer.headers.get('Connection')).toBe('close');
  });
});
