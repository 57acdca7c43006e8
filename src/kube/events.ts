import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { KubernetesClient } from './client.ts';
import { describeError, isStatus } from './errors.ts';
import { createLimit } from './limit.ts';
import { oneLine } from './printable.ts';
import { microTime, resources } from './resource.ts';
import { createTokenBuckets } from './token-buckets.ts';

/** The object that an Event regards. */
export interface EventSubject {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion: string;
}

export interface EventContent {
  type: 'Normal' | 'Warning';
  /** CamelCase, machine-readable. */
  reason: string;
  /** What was done; CamelCase, machine-readable. */
  action: string;
  /** Human-readable; shown in one line of at most 1 KiB. Must not contain a secret. */
  note: string;
}

/** Records Events about objects (events.k8s.io/v1, KEP-383). */
export interface EventRecorder {
  /**
   * Sends the Event in the background. An Event that cannot be sent is logged and dropped, as in client-go.
   *
   * An Event that repeats an earlier one about the same object, at most six minutes after it, becomes part of its series.
   * For each object, 25 Events are sent at once, and then one every five minutes. Beyond that, repetitions are only
   * counted, and other Events are dropped. Few Events are sent at the same time, so that slow ones leave the connections to
   * other requests; while 1,000 wait, further ones are dropped.
   */
  record(subject: EventSubject, content: EventContent): void;
}

/** An Event and its repetitions, which are one object of the API server. */
interface Series {
  /** Name of the object; undefined until it is created. */
  name: string | undefined;
  count: number;
  lastObservedTime: string;
  /** The count that was sent last. */
  sentCount: number;
  /** Resolves when everything recorded so far is sent; undefined before the first attempt. */
  sending: Promise<void> | undefined;
}

const controllerName = 'ghippo.io/accesskey-operator';
/** Longest note that the API server accepts, bytes of UTF-8 (validation of events.k8s.io/v1). */
const maxNoteBytes = 1024;
/** Limits of client-go's EventSourceObjectSpamFilter: Events of one object in a row, then one per refill time. */
const limit = { burst: 25, refillMs: 300_000 };
/** How long after its last repetition a series ends, milliseconds (finishTime in client-go). */
const seriesEndMs = 360_000;
/** Most objects and series that are tracked; those whose last Event is oldest are dropped first. */
const maxTracked = 4_096;

/** Most Events that are sent at the same time, far below the connections of a transport. */
const maxSending = 4;
/** Most Events that are sent or wait for it, as in client-go's broadcaster. */
const maxPending = 1_000;

const clock = { now: () => performance.now() };

/** @param instance reportingInstance of the Events, truncated to 128 characters */
export function createEventRecorder(client: KubernetesClient, instance: string, log: Logger): EventRecorder {
  const budgets = createTokenBuckets({ ...limit, maxBuckets: maxTracked });
  const allSeries = new LRUCache<string, Series>({ max: maxTracked, ttl: seriesEndMs, ttlResolution: 0, perf: clock });

  const limited = createLimit(maxSending);
  let pending = 0;

  async function send(subject: EventSubject, content: EventContent, series: Series): Promise<void> {
    // The sending before may have included this repetition.
    if (series.sentCount === series.count) return;
    if (series.name !== undefined && (await update(subject, series))) return;
    series.name = await create(subject, content, series);
  }

  /** @returns false if the Event no longer exists, because its time to live has ended */
  async function update({ namespace }: EventSubject, series: Series): Promise<boolean> {
    const { name = '', count, lastObservedTime } = series;
    try {
      await client.patch({ ...resources.events, namespace, name }, { series: { count, lastObservedTime } });
      series.sentCount = count;
      return true;
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      series.count = 1;
      return false;
    }
  }

  async function create(
    subject: EventSubject,
    { type, reason, action, note }: EventContent,
    series: Series,
  ): Promise<string> {
    const { namespace, name } = subject;
    const { count, lastObservedTime } = series;
    const created = await client.create<{ metadata: { name: string } }>(
      { ...resources.events, namespace },
      {
        metadata: { generateName: `${name}-`, namespace },
        eventTime: lastObservedTime,
        ...(count > 1 && { series: { count, lastObservedTime } }),
        reportingController: controllerName,
        reportingInstance: instance.slice(0, 128),
        regarding: subject,
        type,
        reason,
        action,
        note,
      },
    );
    series.sentCount = count;
    return created.metadata.name;
  }

  function seriesOf({ uid }: EventSubject, { type, reason, action, note }: EventContent): Series {
    const key = JSON.stringify([uid, type, reason, action, note]);
    const series = allSeries.get(key) ?? newSeries();
    series.count += 1;
    series.lastObservedTime = microTime(new Date());
    // Also starts the time to live again.
    allSeries.set(key, series);
    return series;
  }

  return {
    record(subject, given) {
      const content = { ...given, note: oneLine(given.note, maxNoteBytes) };
      const series = seriesOf(subject, content);
      if (budgets.take(subject.uid) > 0) return;
      const warn = (reason: string) =>
        log.warn({ event: content.reason, about: subject.name, reason }, 'cannot send Event');
      if (pending >= maxPending) return warn(`${pending} Events are waiting`);
      pending += 1;
      const attempt = () =>
        limited(() => send(subject, content, series))
          .catch((error: unknown) => warn(describeError(error)))
          .finally(() => {
            pending -= 1;
          });
      series.sending = series.sending ? series.sending.then(attempt) : attempt();
    },
  };
}

function newSeries(): Series {
  return { name: undefined, count: 0, lastObservedTime: '', sentCount: 0, sending: undefined };
}
