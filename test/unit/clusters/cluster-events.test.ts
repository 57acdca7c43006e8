import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createTelling } from '../../../src/clusters/cluster-events.ts';
import type { RegistrationReport } from '../../../src/clusters/registry.ts';
import { registration } from './support.ts';

function setUp() {
  const lines: { msg: string; cluster: string; reason?: string }[] = [];
  const events: [string, string, string, string][] = [];
  const state = { leads: true, reports: [] as RegistrationReport[] };
  const recorder = {
    record: (subject: { name: string }, { type, reason, note }: { type: string; reason: string; note: string }) =>
      void events.push([subject.name, type, reason, note]),
  };
  const telling = createTelling({
    reports: () => state.reports,
    recorder: () => (state.leads ? recorder : undefined),
    log: pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  /** Tells that this is so now. */
  const now = (...reports: [RegistrationReport['state'], string?][]) => {
    state.reports = reports.map(([one, detail = 'no answer came']) => ({
      ...{ registration: registration(), state: one, detail },
    }));
    telling.tell();
    return events.splice(0).map(([, , reason]) => reason);
  };
  return { now, state, events, lines, telling };
}

describe('what becomes of a registration', () => {
  it('is told once for each state, not for each attempt', () => {
    const { now } = setUp();
    expect(now(['connecting'])).toEqual([]);
    expect(now(['available'])).toEqual(['ClusterAvailable']);
    expect(now(['available'])).toEqual([]);
    expect(now(['unavailable'])).toEqual(['ClusterUnavailable']);
    expect(now(['unavailable', 'its last answer was 401'])).toEqual([]);
    expect(now(['available'])).toEqual(['ClusterAvailable']);
  });

  it('is told again for each reason of a refusal', () => {
    const { now } = setUp();
    expect(now(['refused', 'one'])).toEqual(['ClusterRefused']);
    expect(now(['refused', 'one'])).toEqual([]);
    expect(now(['refused', 'two'])).toEqual(['ClusterRefused']);
  });

  it('is not told again after a short connecting, as another kubeconfig makes it', () => {
    const { now } = setUp();
    expect(now(['available'])).toEqual(['ClusterAvailable']);
    expect(now(['connecting'])).toEqual([]);
    expect(now(['available'])).toEqual([]);
  });

  it('is told by the leader only, and by a new leader at once', () => {
    const { now, state } = setUp();
    state.leads = false;
    expect(now(['refused', 'one'])).toEqual([]);
    state.leads = true;
    expect(now(['refused', 'one'])).toEqual(['ClusterRefused']);
  });

  it('is told of the same Secret once more when it was gone in between', () => {
    const { now } = setUp();
    expect(now(['available'])).toEqual(['ClusterAvailable']);
    expect(now()).toEqual([]);
    expect(now(['available'])).toEqual(['ClusterAvailable']);
  });

  it('says whose, in words for a person, and in the log of each replica', () => {
    const { state, events, lines, telling } = setUp();
    state.reports = [
      { registration: registration(), state: 'unavailable', detail: 'its last answer was 403' },
      { registration: registration({ name: 'b' }), state: 'refused', detail: 'kubeconfig: is missing' },
    ];
    telling.tell();
    expect(events).toEqual([
      ['west', 'Warning', 'ClusterUnavailable', 'Cluster west cannot be asked: its last answer was 403'],
      ['b', 'Warning', 'ClusterRefused', 'Cluster west: kubeconfig: is missing'],
    ]);
    expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
      ['registered cluster is unavailable', 'its last answer was 403'],
      ['registered cluster is refused', 'kubeconfig: is missing'],
    ]);
  });
});
