import type { Logger } from 'pino';
import type { EventContent, EventRecorder } from '../kube/events.ts';
import { pause } from '../kube/time.ts';
import type { Registration } from './registration.ts';
import type { RegistrationReport } from './registry.ts';

const intervalMs = 1_000;

export interface ReporterOptions {
  reports: () => readonly RegistrationReport[];
  /** Records Events on the Secrets; undefined if another replica leads. */
  recorder: () => EventRecorder | undefined;
  log: Logger;
}

/** Reports the state of registrations. */
export interface Reporter {
  /** Reports what has changed since the last call. */
  report(): void;
  /** Reports once a second, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Creates a reporter. Each change of state is logged by every replica and recorded as an Event by the leader. */
export function createReporter({ reports, recorder, log }: ReporterOptions): Reporter {
  const logChanges = createChangeFilter();
  const recordChanges = createChangeFilter();

  function report(): void {
    const current = reports();
    logChanges(current, ({ registration, state, detail }) => {
      const fields = { cluster: registration.name, secret: registration.key, state };
      if (state === 'available') log.info(fields, 'registered cluster is available');
      else log.warn({ ...fields, reason: detail }, `registered cluster is ${state}`);
    });
    const events = recorder();
    if (events) recordChanges(current, (one) => events.record(subjectOf(one.registration), registrationEvent(one)));
  }

  return {
    report,
    async run(signal) {
      while (!signal.aborted) {
        report();
        await pause(intervalMs, signal);
      }
    },
  };
}

/**
 * Creates a function that passes on each report whose state, or reason for the rejection, differs from the last one passed
 * on for the same Secret. The intermediate state `connecting` is not passed on.
 */
function createChangeFilter() {
  let last = new Map<string, string>();
  return (reports: readonly RegistrationReport[], pass: (report: RegistrationReport) => void): void => {
    const previous = last;
    last = new Map();
    for (const report of reports) {
      const { uid } = report.registration;
      const known = previous.get(uid);
      const current = keyOf(report) ?? known;
      if (current === undefined) continue;
      last.set(uid, current);
      if (current !== known) pass(report);
    }
  };
}

function keyOf({ state, detail }: RegistrationReport): string | undefined {
  if (state === 'connecting') return undefined;
  return state === 'refused' ? detail : state;
}

/** Returns the Event for a report. */
function registrationEvent({ registration, state, detail }: RegistrationReport): EventContent {
  const cluster = `Cluster ${registration.name}`;
  const action = 'Connect';
  if (state === 'available') {
    return { type: 'Normal', reason: 'ClusterAvailable', action, note: `${cluster} is available` };
  }
  if (state === 'refused') return { type: 'Warning', reason: 'ClusterRefused', action, note: `${cluster}: ${detail}` };
  return { type: 'Warning', reason: 'ClusterUnavailable', action, note: `${cluster} is unavailable: ${detail}` };
}

function subjectOf({ namespace, secretName, uid, resourceVersion }: Registration) {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name: secretName, uid, resourceVersion };
}
