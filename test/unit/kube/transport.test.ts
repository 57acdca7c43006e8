import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConnectionError, NotLeaderError } from '../../../src/kube/errors.ts';
import { createTransport } from '../../../src/kube/transport.ts';
import { createCredentialSessions } from '../../../src/kube/transport-session.ts';

const request = { method: 'GET', path: '/api/v1/namespaces' } as const;

function kubeconfig(port: number, token: string, caData?: string): KubeConfig {
  const loaded = new KubeConfig();
  // client-node rejects http without skipTLSVerify.
  const cluster = { name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
  loaded.loadFromClusterAndUser({ ...cluster, ...(caData !== undefined && { caData }) }, { name: 'u', token });
  return loaded;
}

/** An API server with a handler of the test, and a transport to it that counts how often its kubeconfig is loaded. */
async function createWire(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const wire = { loads: 0, connections: 0, requests: 0, load: () => kubeconfig(port, 'old') };
  server.on('connection', () => {
    wire.connections += 1;
  });
  server.on('request', () => {
    wire.requests += 1;
  });
  const transport = createTransport(() => {
    wire.loads += 1;
    return wire.load();
  }, 'transport-test');
  onTestFinished(async () => {
    await transport.close();
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(wire, { transport, port });
}

const tokenOf = ({ headers }: IncomingMessage) => headers.authorization?.replace('Bearer ', '');

/** Responds 401 to requests with the old token, when `together` of them have arrived. */
function rejectingOld(together: number) {
  const rejected: ServerResponse[] = [];
  return (incoming: IncomingMessage, response: ServerResponse) => {
    if (tokenOf(incoming) === 'new') return void response.end('{}');
    rejected.push(response);
    if (rejected.length < together) return;
    for (const one of rejected) one.writeHead(401).end();
  };
}

describe('a transport', () => {
  it('reloads the kubeconfig once for many concurrent 401 responses, and all requests succeed', async () => {
    const wire = await createWire(rejectingOld(20));
    wire.load = () => kubeconfig(wire.port, 'new');
    const first = Array.from({ length: 20 }, () => wire.transport.send(request));
    const answers = await Promise.all(first);
    for (const answer of answers) await answer.body.dump();
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(wire.loads).toBe(2);
  });

  it('masks the values that it sent in the error of a webhook that repeats them', async () => {
    const message = 'admission webhook "w" denied the request: correct horse battery staple is weak';
    const wire = await createWire((_, response) => void response.writeHead(400).end(JSON.stringify({ message })));
    const body = JSON.stringify({ stringData: { password: 'correct horse battery staple' } });
    await expect(wire.transport.send({ method: 'POST', path: '/api/v1/secrets', body })).rejects.toThrow(
      /denied the request: \[redacted\] is weak$/,
    );
  });

  it('rejects with a repeated 401 after one reload per request', async () => {
    const wire = await createWire((_, response) => void response.writeHead(401).end());
    for (let times = 1; times <= 3; times += 1) {
      await expect(wire.transport.send(request)).rejects.toMatchObject({ status: 401 });
      expect(wire.loads).toBe(times + 1);
    }
  });

  it('keeps the previous kubeconfig while the file cannot be loaded', async () => {
    let reject = true;
    const wire = await createWire((_, response) => {
      response.writeHead(reject ? 401 : 200).end();
      reject = false;
    });
    wire.load = () => {
      throw new Error('half written');
    };
    const answer = await wire.transport.send(request);
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
  });

  it('keeps its connections if only the token changed', async () => {
    let valid = 'old';
    const wire = await createWire((incoming, response) => {
      response.writeHead(tokenOf(incoming) === valid ? 200 : 401).end('{}');
    });
    wire.load = () => kubeconfig(wire.port, valid);
    for (let times = 1; times <= 10; times += 1) {
      valid = `token-${times}`;
      await (await wire.transport.send(request)).body.dump();
    }
    expect(wire.loads).toBe(11);
    // A second one may be opened before the first is free again.
    expect(wire.connections).toBeLessThanOrEqual(2);
  });

  it('calls beforeSend before each attempt and sends nothing if it throws', async () => {
    const wire = await createWire(rejectingOld(1));
    wire.load = () => kubeconfig(wire.port, 'new');
    let times = 0;
    const beforeSend = () => {
      times += 1;
    };
    await (await wire.transport.send({ ...request, beforeSend })).body.dump();
    expect(times).toBe(2);
    const throwing = () => {
      throw new NotLeaderError('not now');
    };
    await expect(wire.transport.send({ ...request, beforeSend: throwing })).rejects.toThrow(NotLeaderError);
    expect(wire.requests).toBe(2);
  });

  it('reports each piece of a body, however small', async () => {
    const wire = await createWire((_, response) => {
      response.writeHead(200);
      for (let times = 0; times < 100; times += 1) response.write('x');
      response.end();
    });
    let pieces = 0;
    const received = () => {
      pieces += 1;
    };
    const { body } = await wire.transport.send({ ...request, received });
    expect(await body.text()).toHaveLength(100);
    expect(pieces).toBe(100);
  });

  it('rejects when the time limit of the call has passed', async () => {
    const wire = await createWire(() => undefined);
    const error = await wire.transport.send({ ...request, timeoutMs: 50 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ cause: { name: 'TimeoutError' } });
  });

  it('has no time limit if it is 0', async () => {
    const wire = await createWire((_, response) => void setTimeout(() => response.end('{}'), 50));
    const { statusCode, body } = await wire.transport.send({ ...request, timeoutMs: 0 });
    expect(statusCode).toBe(200);
    await body.dump();
  });

  it('sends calls while any number of watches are open', async () => {
    const wire = await createWire((incoming, response) => {
      if (incoming.url === '/watch') response.write('{}\n');
      else response.end('{}');
    });
    const watch = { ...request, path: '/watch', idleTimeoutMs: 60_000 };
    // The watches fail when the transport is closed.
    const open = async () => (await wire.transport.send(watch)).body.on('error', () => undefined);
    const watches = Array.from({ length: 50 }, () => open().catch(() => undefined));
    await watches[31];
    const { statusCode, body } = await wire.transport.send({ ...request, timeoutMs: 2_000 });
    expect(statusCode).toBe(200);
    await body.dump();
  });

  it('lets requests in flight finish over the previous connections when the certificates change', async () => {
    const slow = Promise.withResolvers<ServerResponse>();
    const wire = await createWire((incoming, response) => {
      if (incoming.url === '/slow') slow.resolve(response);
      else response.writeHead(tokenOf(incoming) === 'new' ? 200 : 401).end('{}');
    });
    const answer = wire.transport.send({ ...request, path: '/slow' });
    const response = await slow.promise;
    wire.load = () => kubeconfig(wire.port, 'new', Buffer.from('another authority').toString('base64'));
    await (await wire.transport.send(request)).body.dump();
    await new Promise((resolve) => setImmediate(resolve));
    response.end('late');
    expect(await (await answer).body.text()).toBe('late');
    expect(wire.connections).toBeGreaterThan(1);
  });

  it('aborts requests in flight when it is closed, including those with previous certificates', async () => {
    const watched = Promise.withResolvers<ServerResponse>();
    const wire = await createWire((incoming, response) => {
      if (incoming.url === '/watch') {
        response.write('{}\n');
        watched.resolve(response);
      } else response.writeHead(tokenOf(incoming) === 'new' ? 200 : 401).end('{}');
    });
    const watch = await wire.transport.send({ ...request, path: '/watch', idleTimeoutMs: 60_000 });
    const ended = watch.body.text().catch((error: unknown) => error);
    const closed = once(await watched.promise, 'close');
    wire.load = () => kubeconfig(wire.port, 'new', Buffer.from('another authority').toString('base64'));
    await (await wire.transport.send(request)).body.dump();
    await wire.transport.close();
    await closed;
    expect(await ended).toBeInstanceOf(Error);
  });

  it('can be closed immediately after the certificates changed', async () => {
    const unhandled: unknown[] = [];
    const record = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', record);
    onTestFinished(() => void process.off('unhandledRejection', record));
    let authority = 'first';
    const sessions = createCredentialSessions(() => kubeconfig(1, 'token', Buffer.from(authority).toString('base64')));
    authority = 'second';
    sessions.reject(await sessions.current());
    await sessions.current();
    await sessions.close();
    // The previous pools are closed in a later turn of the event loop.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});
