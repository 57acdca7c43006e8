import type { Logger } from 'pino';
import type { KubernetesClient } from './client.ts';
import { describeError } from './errors.ts';
import { microTime } from './json.ts';
import { resources } from './resource.ts';

/** The object that an Event is about. */
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
  /** Why, in CamelCase, for machines. */
  reason: string;
  /** What was done, in CamelCase, for machines. */
  action: string;
  /** For a person; what is longer than 1 KiB is cut. Never a secret. */
  note: string;
}

/** Tells people what happened to an object, as events.k8s.io/v1 (KEP-383). */
export interface EventRecorder {
  /** Sends the Event without waiting; one that cannot be sent is logged and lost, as it is with client-go. */
  record(subject: EventSubject, content: EventContent): void;
}

const controllerName = 'ghippo.io/accesskey-operator';
/** What the API server takes of a note, bytes of UTF-8 (validation of events.k8s.io/v1). */
const maxNoteBytes = 1024;

/** @param instance which process reports, for reportingInstance (at most 128 characters) */
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
        note: cut(note, maxNoteBytes),
      },
    );
  }
  return {
    record(subject, content) {
      send(subject, content).catch((error: unknown) => {
        log.warn({ event: content.reason, about: subject.name, reason: describeError(error) }, 'event was not sent');
      });
    },
  };
}

/** The longest beginning of whole characters that has so many bytes in UTF-8. */
function cut(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}
