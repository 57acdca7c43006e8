import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { KubernetesClient } from './client.ts';
import { describeError } from './errors.ts';
import { microTime, resources } from './resource.ts';

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
  /** Human-readable; truncated to 1 KiB. Must not contain a secret. */
  note: string;
}

/** Records Events about objects (events.k8s.io/v1, KEP-383). */
export interface EventRecorder {
  /**
   * Sends the Event in the background. An Event that cannot be sent is logged and dropped, as in client-go. Of one object,
   * 25 Events are sent in a row and then one every five minutes; others are dropped.
   */
  record(subject: EventSubject, content: EventContent): void;
}

const controllerName = 'ghippo.io/accesskey-operator';
/** Longest note that the API server accepts, bytes of UTF-8 (validation of events.k8s.io/v1). */
const maxNoteBytes = 1024;

/** @param instance reportingInstance of the Events, truncated to 128 characters */
export function createEventRecorder(client: KubernetesClient, instance: string, log: Logger): EventRecorder {
  async function send(subject: EventSubject, { type, reason, action, note }: EventContent): Promise<void> {
    const { namespace, name } = subject;
    await client.create(
      { ...resources.events, namespace },
      {
        metadata: { generateName: `${name}-`, namespace },
        eventTime: microTime(new Date()),
        reportingController: controllerName,
        reportingInstance: instance.slice(0, 128),
        regarding: subject,
        type,
        reason,
        action,
        note: truncate(note, maxNoteBytes),
      },
    );
  }
  const mayRecord = createObjectLimit();
  return {
    record(subject, content) {
      if (!mayRecord(subject.uid)) return;
      send(subject, content).catch((error: unknown) => {
        log.warn({ event: content.reason, about: subject.name, reason: describeError(error) }, 'cannot send Event');
      });
    },
  };
}

/** Limits of client-go's EventSourceObjectSpamFilter: Events of one object in a row, then one per refill time. */
const burst = 25;
const refillMs = 300_000;
/** Most objects that are tracked; the one whose last Event is oldest is dropped first. */
const maxObjects = 4_096;

/** @returns a function that takes an Event from the budget of an object (a token bucket); false if it is used up */
function createObjectLimit(): (uid: string) => boolean {
  const budgets = new LRUCache<string, { left: number; at: number }>({ max: maxObjects });
  return (uid) => {
    const now = performance.now();
    const { left, at } = budgets.get(uid) ?? { left: burst, at: now };
    const available = Math.min(burst, left + (now - at) / refillMs);
    const isAllowed = available >= 1;
    budgets.set(uid, { left: isAllowed ? available - 1 : available, at: now });
    return isAllowed;
  };
}

/** @returns the longest prefix of whole characters that fits into `maxBytes` of UTF-8 */
function truncate(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
