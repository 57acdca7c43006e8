import type { Logger } from 'pino';
import type { EventContent } from '../../kube/events.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { changeEvents, combineEvents, removedEvent } from './events.ts';
import type { Memory } from './memory.ts';
import { afterOutcome, isKnownOverride } from './overrides.ts';
import type { Progress } from './scope.ts';

/** Logs each change to a Secret, counts the overridden fields, and collects the Events of one reconcile. */
export interface TrackedProgress extends Progress {
  /** The Events about everything done so far. */
  events(): EventContent[];
}

/** @param memory its overrides are updated with each outcome */
export function trackProgress({ key }: AccessKeyRecord, memory: Memory, log: Logger): TrackedProgress {
  const events: EventContent[] = [];
  const about = { accessKey: key };
  return {
    changed(outcome) {
      const { change, cause, pair, secretName: secret } = outcome;
      // The condition Overridden has its own Event.
      if (!isKnownOverride(memory.overrides, outcome)) events.push(...changeEvents(outcome));
      memory.overrides = afterOutcome(memory.overrides, outcome, performance.now());
      if (change !== 'none')
        log.info({ ...about, pair: pair.name, secret, ...(cause && { cause }) }, `key pair ${change}`);
    },
    removed(secret) {
      events.push(removedEvent(secret));
      log.info({ ...about, secret }, 'secret removed');
    },
    events: () => combineEvents(events),
  };
}
