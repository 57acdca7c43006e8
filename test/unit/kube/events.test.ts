import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { KubernetesClient } from '../../../src/kube/client.ts';
import { ConnectionError } from '../../../src/kube/errors.ts';
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
  body: { note: string; reportingInstance: string; metadata: { generateName: string } };
}

function createRecorder(instance = 'pod-1', failure?: Error) {
  const sent: Sent[] = [];
  const lines: string[] = [];
  const client = {
    async create(resource: object, body: Sent['body']) {
      sent.push({ resource, body });
      if (failure) throw failure;
    },
  };
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const recorder = createEventRecorder(client as unknown as KubernetesClient, instance, log);
  return { recorder, sent, lines };
}

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

  it('sends 25 Events of one object, then one every five minutes', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { recorder, sent } = createRecorder();
    const record = (count: number) => {
      for (let n = 0; n < count; n += 1) recorder.record(subject, content);
      return sent.length;
    };
    expect(record(200)).toBe(25);
    vi.advanceTimersByTime(299_000);
    expect(record(10)).toBe(25);
    vi.advanceTimersByTime(2_000);
    expect(record(10)).toBe(26);
  });

  it('limits each object separately', () => {
    const { recorder, sent } = createRecorder();
    for (let n = 0; n < 30; n += 1) recorder.record(subject, content);
    recorder.record({ ...subject, uid: 'u2' }, content);
    expect(sent).toHaveLength(26);
  });
});
