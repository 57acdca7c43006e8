import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KubernetesClient } from '../../../src/kube/client.ts';
import { ConnectionError, KubernetesError } from '../../../src/kube/errors.ts';
import { createEventRecorder, type EventContent } from '../../../src/kube/events.ts';

const subject = {
  apiVersion: 'ghippo.io/v1alpha1',
  kind: 'AccessKey',
  namespace: 'shop',
  name: 'ann',
  uid: 'u1',
  resourceVersion: '10',
};
const content: EventContent = { type: 'Normal', reason: 'KeyPairCreated', action: 'CreateSecret', note: 'Made it' };

interface Sent {
  resource: object;
  body: { note: string; reportingInstance: string; metadata: { generateName: string }; series?: object };
}

function createRecorder(instance = 'pod-1', failure?: Error) {
  const sent: Sent[] = [];
  /** Patches, as the name of the Event and the count of its series. */
  const patched: [string, number][] = [];
  const rejections: Error[] = [];
  const lines: string[] = [];
  const client = {
    async create(resource: object, body: Sent['body']) {
      sent.push({ resource, body });
      if (failure) throw failure;
      return { metadata: { name: `ann-${sent.length}` } };
    },
    async patch({ name }: { name: string }, body: { series: { count: number; lastObservedTime: string } }) {
      const rejection = rejections.shift();
      if (rejection) throw rejection;
      expect(Object.keys(body)).toEqual(['series']);
      expect(body.series.lastObservedTime).toMatch(/\.\d{6}Z$/);
      patched.push([name, body.series.count]);
    },
  };
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const recorder = createEventRecorder(client as unknown as KubernetesClient, instance, log);
  return { recorder, sent, patched, rejections, lines };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

afterEach(() => void vi.useRealTimers());

describe('an event recorder', () => {
  it('sends an Event about the object in its namespace', () => {
    const { recorder, sent } = createRecorder();
    recorder.record(subject, content);
    expect(sent).toMatchObject([
      {
        resource: { apiVersion: 'events.k8s.io/v1', plural: 'events', namespace: 'shop' },
        body: {
          metadata: { namespace: 'shop' },
          reportingController: 'ghippo.io/accesskey-operator',
          reportingInstance: 'pod-1',
          regarding: subject,
          ...content,
        },
      },
    ]);
    expect(sent[0]?.body).toHaveProperty('eventTime');
  });

  it('generates unique names that start with the name of the object', () => {
    const { recorder, sent } = createRecorder();
    recorder.record(subject, content);
    expect(sent[0]?.body.metadata.generateName).toMatch(/^ann[-.]$/);
    expect(sent[0]?.body.metadata).not.toHaveProperty('name');
  });

  it.each([
    ['ASCII', 'x'.repeat(5_000)],
    ['Chinese', '用户'.repeat(1_000)],
    ['surrogate pairs', `x${'🔑'.repeat(1_000)}`],
  ])('truncates a note to the 1024 bytes that the API server accepts: %s', (_, note) => {
    const { recorder, sent } = createRecorder();
    recorder.record(subject, { ...content, note });
    const truncated = sent[0]?.body.note ?? '';
    expect(Buffer.byteLength(truncated)).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(truncated)).toBeGreaterThan(1000);
    expect(note.startsWith(truncated)).toBe(true);
    expect(truncated.isWellFormed()).toBe(true);
  });

  it('shows a note in one line', () => {
    const { recorder, sent } = createRecorder();
    recorder.record(subject, { ...content, note: 'Secret x:\n  \u001b[31mREADY\u202e 用户' });
    expect(sent[0]?.body.note).toBe('Secret x: ?[31mREADY? 用户');
  });

  it('truncates the instance to 128 characters', () => {
    const { recorder, sent } = createRecorder('p'.repeat(200));
    recorder.record(subject, content);
    expect(sent[0]?.body.reportingInstance).toBe('p'.repeat(128));
  });

  it('logs an Event that cannot be sent', async () => {
    const { recorder, lines } = createRecorder('pod-1', new ConnectionError('no answer'));
    recorder.record(subject, content);
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'KeyPairCreated', about: 'ann', reason: 'no answer', msg: 'cannot send Event' },
    ]);
  });

  it('sends 25 Events of one object, then one every five minutes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { recorder, sent } = createRecorder();
    let note = 0;
    const record = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        note += 1;
        recorder.record(subject, { ...content, note: `${note}` });
      }
      await settled();
      return sent.length;
    };
    expect(await record(200)).toBe(25);
    vi.advanceTimersByTime(299_000);
    expect(await record(10)).toBe(25);
    vi.advanceTimersByTime(2_000);
    expect(await record(10)).toBe(26);
  });

  it('limits each object separately', async () => {
    const { recorder, sent } = createRecorder();
    for (let n = 0; n < 30; n += 1) recorder.record(subject, { ...content, note: `${n}` });
    recorder.record({ ...subject, uid: 'u2' }, content);
    await settled();
    expect(sent).toHaveLength(26);
  });
});

describe('slow Events', () => {
  function createSlow() {
    const sending: PromiseWithResolvers<object>[] = [];
    const lines: string[] = [];
    const client = {
      create() {
        const one = Promise.withResolvers<object>();
        sending.push(one);
        return one.promise;
      },
    };
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const recorder = createEventRecorder(client as unknown as KubernetesClient, 'pod-1', log);
    const record = (count: number) => {
      for (let n = 0; n < count; n += 1) recorder.record({ ...subject, uid: `u${n}` }, content);
    };
    return { record, sending, lines };
  }

  it('leave connections to other requests: few are sent at the same time, also after a failure', async () => {
    const { record, sending } = createSlow();
    record(10);
    await settled();
    expect(sending).toHaveLength(4);
    sending[0]?.resolve({ metadata: { name: 'one' } });
    sending[1]?.reject(new Error('no'));
    await settled();
    expect(sending).toHaveLength(6);
  });

  it('are dropped and logged while 1,000 wait', async () => {
    const { record, sending, lines } = createSlow();
    record(1_001);
    await settled();
    expect(lines.map((line) => JSON.parse(line).reason)).toEqual(['1000 Events are waiting']);
    for (let n = 0; n < 1_000; n += 1) {
      sending[n]?.resolve({ metadata: { name: `${n}` } });
      await settled();
    }
    expect(sending).toHaveLength(1_000);
    record(1);
    expect(lines).toHaveLength(1);
  });
});

describe('a repeated Event', () => {
  it('becomes a series of the first one', async () => {
    const { recorder, sent, patched } = createRecorder();
    for (let n = 0; n < 3; n += 1) {
      recorder.record({ ...subject, resourceVersion: `${n}` }, content);
      await settled();
    }
    expect(sent).toHaveLength(1);
    expect(sent[0]?.body).not.toHaveProperty('series');
    expect(patched).toEqual([
      ['ann-1', 2],
      ['ann-1', 3],
    ]);
  });

  it('also has the notes that differ only beyond what is sent', async () => {
    const { recorder, sent, patched } = createRecorder();
    for (const end of ['a', 'b']) {
      recorder.record(subject, { ...content, note: `${'x'.repeat(40_000)}${end}` });
      await settled();
    }
    expect(sent).toHaveLength(1);
    expect(patched).toEqual([['ann-1', 2]]);
  });

  it('is sent once for all repetitions while another is being sent', async () => {
    const { recorder, sent, patched } = createRecorder();
    for (let n = 0; n < 5; n += 1) recorder.record(subject, content);
    await settled();
    expect(sent).toHaveLength(1);
    expect(patched).toEqual([['ann-1', 5]]);
  });

  it.each([
    ['type', { type: 'Warning' as const }],
    ['reason', { reason: 'Other' }],
    ['action', { action: 'Other' }],
    ['note', { note: 'Other' }],
  ])('is another Event if its %s differs', async (_, change) => {
    const { recorder, sent, patched } = createRecorder();
    recorder.record(subject, content);
    recorder.record(subject, { ...content, ...change });
    recorder.record({ ...subject, uid: 'u2' }, content);
    await settled();
    expect(sent).toHaveLength(3);
    expect(patched).toEqual([]);
  });

  it('is created again if the API server has deleted the first one', async () => {
    const { recorder, sent, patched, rejections } = createRecorder();
    rejections.push(new KubernetesError('gone', { status: 404 }));
    for (let n = 0; n < 3; n += 1) {
      recorder.record(subject, content);
      await settled();
    }
    expect(sent).toHaveLength(2);
    expect(patched).toEqual([['ann-2', 2]]);
  });

  it('is logged if the API server rejects it, and counted with the next one', async () => {
    const { recorder, patched, rejections, lines } = createRecorder();
    rejections.push(new KubernetesError('PATCH: 403 Forbidden', { status: 403 }));
    for (let n = 0; n < 3; n += 1) {
      recorder.record(subject, content);
      await settled();
    }
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ reason: 'PATCH: 403 Forbidden' }]);
    expect(patched).toEqual([['ann-1', 3]]);
  });

  it('has the count in the new Event if the first one could not be sent', async () => {
    const { recorder, sent } = createRecorder('pod-1', new ConnectionError('no answer'));
    for (let n = 0; n < 2; n += 1) {
      recorder.record(subject, content);
      await settled();
    }
    expect(sent[1]?.body.series).toMatchObject({ count: 2 });
  });

  it('is counted although it exceeds the limit, and ends the series six minutes after the last one', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { recorder, sent, patched } = createRecorder();
    const record = async () => {
      recorder.record(subject, content);
      await settled();
    };
    for (let n = 0; n < 100; n += 1) await record();
    expect(patched.at(-1)).toEqual(['ann-1', 25]);
    vi.advanceTimersByTime(359_000);
    await record();
    expect(patched.at(-1)).toEqual(['ann-1', 101]);
    vi.advanceTimersByTime(361_000);
    await record();
    expect(sent).toHaveLength(2);
    expect(sent[1]?.body).not.toHaveProperty('series');
  });
});
