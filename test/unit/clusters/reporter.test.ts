import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { RegistrationReport } from '../../../src/clusters/registry.ts';
import { createReporter } from '../../../src/clusters/reporter.ts';
import { registration } from './support.ts';

function setUp() {
  const lines: { msg: string; cluster: string; reason?: string }[] = [];
  const events: [string, string, string, string][] = [];
  const state = { leads: true, reports: [] as RegistrationReport[] };
  const recorder = {
    record: (subject: { name: string }, { type, reason, note }: { type: string; reason: string; note: string }) =>
      void events.push([subject.name, type, reason, note]),
  };
  const reporter = createReporter({
    reports: () => state.reports,
    recorder: () => (state.leads ? recorder : undefined),
    log: pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  /** Reports these states, and returns the reasons of the new Events. */
  const reportStates = (...reports: [RegistrationReport['state'], string?][]) => {
    state.reports = reports.map(([one, detail = 'no response']) => ({
      registration: registration(),
      state: one,
      detail,
    }));
    reporter.report();
    return events.splice(0).map(([, , reason]) => reason);
  };
  return { reportStates, state, events, lines, reporter };
}

describe('the state of a registration', () => {
  it('is reported once per change, not once per attempt', () => {
    const { reportStates } = setUp();
    expect(reportStates(['connecting'])).toEqual([]);
    expect(reportStates(['available'])).toEqual(['ClusterAvailable']);
    expect(reportStates(['available'])).toEqual([]);
    expect(reportStates(['unavailable'])).toEqual(['ClusterUnavailable']);
    expect(reportStates(['unavailable', 'last response was 401'])).toEqual([]);
    expect(reportStates(['available'])).toEqual(['ClusterAvailable']);
  });

  it('is reported again for another reason for the rejection', () => {
    const { reportStates } = setUp();
    expect(reportStates(['refused', 'one'])).toEqual(['ClusterRefused']);
    expect(reportStates(['refused', 'one'])).toEqual([]);
    expect(reportStates(['refused', 'two'])).toEqual(['ClusterRefused']);
  });

  it('is not reported again after a short reconnect', () => {
    const { reportStates } = setUp();
    expect(reportStates(['available'])).toEqual(['ClusterAvailable']);
    expect(reportStates(['connecting'])).toEqual([]);
    expect(reportStates(['available'])).toEqual([]);
  });

  it('is recorded as an Event by the leader only, and by a new leader at once', () => {
    const { reportStates, state } = setUp();
    state.leads = false;
    expect(reportStates(['refused', 'one'])).toEqual([]);
    state.leads = true;
    expect(reportStates(['refused', 'one'])).toEqual(['ClusterRefused']);
  });

  it('is reported again for a Secret that was deleted in between', () => {
    const { reportStates } = setUp();
    expect(reportStates(['available'])).toEqual(['ClusterAvailable']);
    expect(reportStates()).toEqual([]);
    expect(reportStates(['available'])).toEqual(['ClusterAvailable']);
  });

  it('is described in the Event, and in the log of each replica', () => {
    const { state, events, lines, reporter } = setUp();
    state.reports = [
      { registration: registration(), state: 'unavailable', detail: 'last response was 403' },
      { registration: registration({ name: 'b' }), state: 'refused', detail: 'kubeconfig: is missing' },
    ];
    reporter.report();
    expect(events).toEqual([
      ['west', 'Warning', 'ClusterUnavailable', 'Cluster west is unavailable: last response was 403'],
      ['b', 'Warning', 'ClusterRefused', 'Cluster west: kubeconfig: is missing'],
    ]);
    expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
      ['registered cluster is unavailable', 'last response was 403'],
      ['registered cluster is refused', 'kubeconfig: is missing'],
    ]);
  });
});
