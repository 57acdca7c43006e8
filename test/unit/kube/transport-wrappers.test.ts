import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';
import { ConnectionError, KubernetesError, NotLeaderError } from '../../../src/kube/errors.ts';
import type { Transport, TransportRequest } from '../../../src/kube/transport.ts';
import {
  boundedTransport,
  fencedTransport,
  measuredTransport,
  observedTransport,
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
    const hosts: string[] = [];
    const metrics = {
      opened: (host: string) => hosts.push(`opened ${host}`),
      requested: (request: SentRequest) => recorded.push(request),
      closed: (host: string) => hosts.push(`closed ${host}`),
    };
    return { recorded, hosts, transport: measuredTransport(fake.transport, metrics) };
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

  it('reports when it is opened and closed, and records nothing after that', async () => {
    const answer = Promise.withResolvers<void>();
    const { recorded, hosts, transport } = measure(createFake({ meanwhile: () => answer.promise }));
    const request = transport.send({ method: 'GET', path });
    await transport.close();
    await transport.close();
    answer.resolve();
    await request;
    expect([hosts, recorded]).toEqual([['opened 10.0.0.1:6443', 'closed 10.0.0.1:6443'], []]);
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

describe('an observed transport', () => {
  const outages = [
    new ConnectionError('refused'),
    ...[502, 503, 504].map((status) => new KubernetesError('unavailable', { status })),
  ];

  /** Sends requests with these outcomes. @returns the number of recoveries that were reported after each */
  async function recoveriesAfter(...outcomes: (Error | undefined)[]): Promise<number[]> {
    const options: { failure?: unknown } = {};
    const observed = observedTransport(createFake(options).transport);
    let recoveries = 0;
    observed.onRecovery?.(() => {
      recoveries += 1;
    });
    const counts: number[] = [];
    for (const failure of outcomes) {
      options.failure = failure;
      await observed.send({ method: 'GET', path }).catch((error: unknown) => expect(error).toBe(failure));
      counts.push(recoveries);
    }
    return counts;
  }

  it.each(outages)('reports a recovery at the first response after %o', async (outage) => {
    expect(await recoveriesAfter(undefined, outage, outage, undefined, undefined)).toEqual([0, 0, 0, 1, 1]);
  });

  it('counts an error response as a response', async () => {
    const forbidden = new KubernetesError('forbidden', { status: 403 });
    expect(await recoveriesAfter(forbidden, new ConnectionError('refused'), forbidden)).toEqual([0, 0, 1]);
  });

  it('counts a denial by a webhook as a response, whatever its status', async () => {
    const denial = new KubernetesError('denied', { status: 503, denied: true });
    expect(await recoveriesAfter(new ConnectionError('refused'), denial, undefined)).toEqual([0, 1, 1]);
  });

  it('does not report a recovery after a request that was not sent or was aborted', async () => {
    expect(await recoveriesAfter(new NotLeaderError('no'), new Error('aborted'), undefined)).toEqual([0, 0, 0]);
  });

  it('calls no listener that unsubscribed', async () => {
    const options: { failure?: unknown } = { failure: new ConnectionError('refused') };
    const observed = observedTransport(createFake(options).transport);
    const calls: string[] = [];
    observed.onRecovery?.(() => calls.push('kept'));
    observed.onRecovery?.(() => calls.push('removed'))?.();
    await observed.send({ method: 'GET', path }).catch(() => undefined);
    options.failure = undefined;
    await observed.send({ method: 'GET', path });
    expect(calls).toEqual(['kept']);
  });
});
