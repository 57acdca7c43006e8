/**
 * Metrics that are computed when they are asked for, from the state of the parts, so that nothing has to keep account.
 */
import { Gauge, type Registry } from 'prom-client';

/** What is counted of an AccessKey. */
export interface CountedAccessKey {
  /** Status of its Ready condition. */
  ready: 'True' | 'False' | 'Unknown';
  /** State of each of its pairs. */
  pairs: Iterable<string>;
}

/** A candidate of a leader election. */
export interface Candidate {
  /** Of the Lease. */
  name: string;
  isLeader: () => boolean;
}

/** Counts AccessKeys and their pairs. Labels are states only: never an ak, a user or a namespace. */
export function collectAccessKeys(register: Registry, accessKeys: () => Iterable<CountedAccessKey>): void {
  collectCounts(register, {
    ...{ name: 'accesskey_accesskeys', help: 'AccessKeys, by the status of their Ready condition', label: 'ready' },
    known: ['True', 'False', 'Unknown'],
    *states() {
      for (const { ready } of accessKeys()) yield ready;
    },
  });
  collectCounts(register, {
    ...{ name: 'accesskey_key_pairs', help: 'Key pairs, by state', label: 'state' },
    known: [],
    *states() {
      for (const { pairs } of accessKeys()) yield* pairs;
    },
  });
}

/** 1 for the holder of the Lease and 0 for the others, named as client-go's. */
export function collectLeadership(register: Registry, candidate: Candidate | undefined): void {
  new Gauge({
    ...{ registers: [register], labelNames: ['name'] as const },
    name: 'leader_election_master_status',
    help: 'Whether this process leads',
    collect() {
      if (candidate) this.set({ name: candidate.name }, candidate.isLeader() ? 1 : 0);
    },
  });
}

/** What /readyz says, for an alert: Prometheus does not see probes. */
export function collectReadiness(register: Registry, isReady: () => boolean): void {
  new Gauge({
    registers: [register],
    name: 'accesskey_ready',
    help: 'Whether this process is ready, as /readyz says',
    collect() {
      this.set(isReady() ? 1 : 0);
    },
  });
}

/** When the certificate that is served ends to be valid. */
export function collectCertificate(register: Registry, expiry: () => number): void {
  new Gauge({
    registers: [register],
    name: 'accesskey_tls_certificate_expiry_seconds',
    help: 'End of the validity of the TLS certificate in use, seconds since the epoch',
    collect() {
      this.set(expiry());
    },
  });
}

export interface Counts {
  name: string;
  help: string;
  label: string;
  /** Values of the label that are told also when there is none. */
  known: readonly string[];
  /** The value of each thing that there is. */
  states: () => Iterable<string>;
}

/** Counts things by a label. A value that was there once is told as 0 afterwards, since a series that is gone looks like a failed scrape. */
export function collectCounts(register: Registry, { name, help, label, known, states }: Counts): void {
  const seen = new Set(known);
  new Gauge({
    ...{ registers: [register], labelNames: [label], name, help },
    collect() {
      const counts = new Map([...seen].map((value) => [value, 0]));
      for (const value of states()) counts.set(value, (counts.get(value) ?? 0) + 1);
      for (const [value, count] of counts) {
        seen.add(value);
        this.set({ [label]: value }, count);
      }
    },
  });
}
