import type { Logger } from 'pino';
import { pause } from '../kube/abort.ts';
import type { EventContent, EventRecorder } from '../kube/events.ts';
import type { Registration } from './registration.ts';
import type { RegistrationReport } from './registry.ts';

const intervalMs = 1_000;

export interface TellingOptions {
  reports: () => readonly RegistrationReport[];
  /** Sends Events about the Secrets; undefined while another replica does. */
  recorder: () => EventRecorder | undefined;
  log: Logger;
}

/** Tells people what becomes of registrations. */
export interface Telling {
  /** Tells what is new since the last time. */
  tell(): void;
  /** Tells each second, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Tells each state once: in the log of each replica, and by an Event of the one that leads. */
export function createTelling({ reports, recorder, log }: TellingOptions): Telling {
  const logOnce = createOnce();
  const recordOnce = createOnce();

  function tell(): void {
    const now = reports();
    logOnce(now, (report) => {
      const { registration, state, detail } = report;
      const facts = { cluster: registration.name, secret: registration.key, state };
      if (state === 'available') log.info(facts, 'registered cluster is available');
      else log.warn({ ...facts, reason: detail }, `registered cluster is ${state}`);
    });
    const events = recorder();
    if (events) recordOnce(now, (report) => events.record(subjectOf(report.registration), registrationEvent(report)));
  }

  return {
    tell,
    async run(signal) {
      while (!signal.aborted) {
        tell();
        await pause(intervalMs, signal);
      }
    },
  };
}

/**
 * Passes on each report whose state, or reason of a refusal, differs from what was passed on of the same Secret before.
 * Connecting is between two states, and is not told.
 */
function createOnce() {
  let told = new Map<string, string>();
  return (reports: readonly RegistrationReport[], pass: (report: RegistrationReport) => void): void => {
    const before = told;
    told = new Map();
    for (const report of reports) {
      const { uid } = report.registration;
      const known = before.get(uid);
      const present = keyOf(report) ?? known;
      if (present === undefined) continue;
      told.set(uid, present);
      if (present !== known) pass(report);
    }
  };
}

function keyOf({ state, detail }: RegistrationReport): string | undefined {
  if (state === 'connecting') return undefined;
  return state === 'refused' ? detail : state;
}

/** The Event that tells a report. */
function registrationEvent({ registration, state, detail }: RegistrationReport): EventContent {
  const of = `Cluster ${registration.name}`;
  const action = 'Connect';
  if (state === 'available') return { type: 'Normal', reason: 'ClusterAvailable', action, note: `${of} is available` };
  if (state === 'refused') return { type: 'Warning', reason: 'ClusterRefused', action, note: `${of}: ${detail}` };
  return { type: 'Warning', reason: 'ClusterUnavailable', action, note: `${of} cannot be asked: ${detail}` };
}

function subjectOf({ namespace, secretName, uid, resourceVersion }: Registration) {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name: secretName, uid, resourceVersion };
}
