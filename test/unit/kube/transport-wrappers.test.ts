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

/** A transport that runs `meanwhile` before it sends, as if it read credentials. */
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
  it.each(writes)('does not send a %s if this process is not the leader', async (method) => {
    const { transport, sent } = createFake();
    const error = await fencedTransport(transport, () => false)
      .send({ method, path, body: 'hush' })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(NotLeaderError);
    expect((error as Error).message).not.toContain('hush');
    expect(sent).toEqual([]);
  });

  it.each(writes)('sends a %s unchanged if this process is the leader', async (method) => {
    const { transport, sent } = createFake();
    const request = { method, path, body: '{}', headers: { a: 'b' } };
    await expect(fencedTransport(transport, () => true).send(request)).resolves.toMatchObject({ statusCode: 200 });
    expect(sent).toMatchObject([request]);
  });

  it('sends a GET without checking leadership', async () => {
    const { transport, sent } = createFake();
    const fenced = fencedTransport(transport, () => {
      throw new Error('checked');
    });
    await fenced.send({ method: 'GET', path });
    expect(sent).toHaveLength(1);
  });

  it('does not send a request if leadership is lost before it is written', async () => {
    let leads = true;
    const meanwhile = async () => {
      leads = false;
    };
    const { transport, sent } = createFake({ meanwhile });
    await expect(fencedTransport(transport, () => leads).send({ method: 'PUT', path })).rejects.toThrow(NotLeaderError);
    expect(sent).toEqual([]);
  });

  it('also calls the beforeSend of the caller', async () => {
    const { transport } = createFake();
    let called = 0;
    const beforeSend = () => {
      called += 1;
    };
    await fencedTransport(transport, () => true).send({ method: 'PUT', path, beforeSend });
    expect(called).toBe(1);
  });

  it('has the server of the inner transport and closes it', async () => {
    const fake = createFake();
    const fenced = fencedTransport(fake.transport, () => true);
    expect(fenced.server).toBe(fake.transport.server);
    await fenced.close();
    expect(fake.closed).toBe(1);
  });
});

describe('a measured transport', () => {
  function measure(fake: ReturnType<typeof createFake>) {
    const recorded: SentRequest[] = [];
    return {
      recorded,
      transport: measuredTransport(fake.transport, { requested: (request) => recorded.push(request) }),
    };
  }

  it.each<[string, { status?: number; failure?: unknown }, string]>([
    ['a response', {}, '200'],
    ['another response', { status: 201 }, '201'],
    ['an error of the API server', { failure: new KubernetesError('no', { status: 409, reason: 'Conflict' }) }, '409'],
    ['a missing response', { failure: new ConnectionError('no answer') }, '<error>'],
    ['an abort', { failure: 'no longer wanted' }, '<error>'],
  ])('records %s', async (_, options, code) => {
    const { recorded, transport } = measure(createFake(options));
    const outcome = await transport.send({ method: 'PATCH', path }).catch((thrown: unknown) => thrown);
    expect(outcome).toEqual(options.failure ?? { statusCode: options.status ?? 200 });
    expect(recorded).toEqual([{ method: 'PATCH', host: '10.0.0.1:6443', code, seconds: expect.any(Number) }]);
  });

  it('records nothing for requests that the fence did not send, inside or outside of it', async () => {
    const fake = createFake();
    const outside = measure(fake);
    const inside = measure({ ...fake, transport: fencedTransport(fake.transport, () => false) });
    const request = { method: 'POST', path } as const;
    await expect(fencedTransport(outside.transport, () => false).send(request)).rejects.toThrow(NotLeaderError);
    await expect(inside.transport.send(request)).rejects.toThrow(NotLeaderError);
    expect([...outside.recorded, ...inside.recorded]).toEqual([]);
  });

  it('has the server of the inner transport and closes it', async () => {
    const fake = createFake();
    const { transport } = measure(fake);
    expect(transport.server).toBe(fake.transport.server);
    await transport.close();
    expect(fake.closed).toBe(1);
  });
});

describe('a bounded transport', () => {
  it('sets the time limit of calls that have none', async () => {
    const { transport, sent } = createFake();
    const bounded = boundedTransport(transport, 3_000);
    await bounded.send({ method: 'GET', path });
    await bounded.send({ method: 'POST', path, timeoutMs: 100 });
    expect(sent.map(({ timeoutMs }) => timeoutMs)).toEqual([3_000, 100]);
  });
});
