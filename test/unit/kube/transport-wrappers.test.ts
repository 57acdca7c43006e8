import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { ConnectionError, KubernetesError, NotLeaderError } from '../../../src/kube/errors.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';
import {
  boundedTransport,
  fencedTransport,
  measuredTransport,
  type SentRequest,
} from '../../../src/kube/transport-wrappers.ts';

const path = '/api/v1/secrets';
const writes = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A transport that lets a test in between being asked and sending, as reading credentials does. */
function createFake(options: { meanwhile?: () => Promise<void>; status?: number; failure?: unknown } = {}) {
  const sent: TransportRequest[] = [];
  const fake = {
    sent,
    closed: 0,
    transport: {
      server: 'https://10.0.0.1:6443/prefix',
      async send(request) {
        await options.meanwhile?.();
        request.beforeSend?.();
        sent.push(request);
        if (options.failure !== undefined) throw options.failure;
        return { statusCode: options.status ?? 200 } as Dispatcher.ResponseData;
      },
      async close() {
        fake.closed += 1;
      },
    } satisfies Transport,
  };
  return fake;
}

describe('a fenced transport', () => {
  it.each(writes)('refuses a %s when this process does not lead', async (method) => {
    const { transport, sent } = createFake();
    const error = await fencedTransport(transport, () => false)
      .send({ method, path, body: 'hush' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotLeaderError);
    expect((error as Error).message).not.toContain('hush');
    expect(sent).toEqual([]);
  });

  it.each(writes)('sends a %s as it is when this process leads', async (method) => {
    const { transport, sent } = createFake();
    const request = { method, path, body: '{}', headers: { a: 'b' } };
    await expect(fencedTransport(transport, () => true).send(request)).resolves.toMatchObject({ statusCode: 200 });
    expect(sent).toMatchObject([request]);
  });

  it('reads whether it leads or not, and does not even ask', async () => {
    const { transport, sent } = createFake();
    const fenced = fencedTransport(transport, () => {
      throw new Error('asked');
    });
    await fenced.send({ method: 'GET', path });
    expect(sent).toHaveLength(1);
  });

  it('refuses when leadership is lost before the request goes out', async () => {
    let leads = true;
    const meanwhile = async () => {
      leads = false;
    };
    const { transport, sent } = createFake({ meanwhile });
    await expect(fencedTransport(transport, () => leads).send({ method: 'PUT', path })).rejects.toThrow(NotLeaderError);
    expect(sent).toEqual([]);
  });

  it('keeps what the caller itself wants to be done before', async () => {
    const { transport } = createFake();
    let called = 0;
    const beforeSend = () => {
      called += 1;
    };
    await fencedTransport(transport, () => true).send({ method: 'PUT', path, beforeSend });
    expect(called).toBe(1);
  });

  it('is of the same server, and closes the transport', async () => {
    const fake = createFake();
    const fenced = fencedTransport(fake.transport, () => true);
    expect(fenced.server).toBe(fake.transport.server);
    await fenced.close();
    expect(fake.closed).toBe(1);
  });
});

describe('a measured transport', () => {
  function measure(fake: ReturnType<typeof createFake>) {
    const told: SentRequest[] = [];
    return { told, transport: measuredTransport(fake.transport, { requested: (request) => told.push(request) }) };
  }

  it.each<[string, { status?: number; failure?: unknown }, string]>([
    ['an answer', {}, '200'],
    ['another answer', { status: 201 }, '201'],
    ['an error of the API server', { failure: new KubernetesError('no', { status: 409, reason: 'Conflict' }) }, '409'],
    ['no answer', { failure: new ConnectionError('no answer') }, '<error>'],
    ['an abort', { failure: 'no longer wanted' }, '<error>'],
  ])('tells of %s', async (_, options, code) => {
    const { told, transport } = measure(createFake(options));
    const outcome = await transport.send({ method: 'PATCH', path }).catch((thrown: unknown) => thrown);
    expect(outcome).toEqual(options.failure ?? { statusCode: options.status ?? 200 });
    expect(told).toEqual([{ method: 'PATCH', host: '10.0.0.1:6443', code, seconds: expect.any(Number) }]);
  });

  it('tells nothing of what the fence kept back, on whichever side the fence is', async () => {
    const fake = createFake();
    const outside = measure(fake);
    const inside = measure({ ...fake, transport: fencedTransport(fake.transport, () => false) });
    const request = { method: 'POST', path } as const;
    await expect(fencedTransport(outside.transport, () => false).send(request)).rejects.toThrow(NotLeaderError);
    await expect(inside.transport.send(request)).rejects.toThrow(NotLeaderError);
    expect([...outside.told, ...inside.told]).toEqual([]);
  });

  it('is of the same server, and closes the transport', async () => {
    const fake = createFake();
    const { transport } = measure(fake);
    expect(transport.server).toBe(fake.transport.server);
    await transport.close();
    expect(fake.closed).toBe(1);
  });
});

describe('a bounded transport', () => {
  it('gives each call its time, but for one that has its own', async () => {
    const { transport, sent } = createFake();
    const bounded = boundedTransport(transport, 3_000);
    await bounded.send({ method: 'GET', path });
    await bounded.send({ method: 'POST', path, timeoutMs: 100 });
    expect(sent.map(({ timeoutMs }) => timeoutMs)).toEqual([3_000, 100]);
  });
});
