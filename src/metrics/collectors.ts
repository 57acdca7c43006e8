/**
 * Gauges that are computed from the state of the components at each scrape.
 */
import { Gauge, type Registry } from 'prom-client';
import type { Registry as Clusters } from '../clusters/registry.ts';
import type { WatchCache } from '../kube/reflector.ts';

/** What is counted of an AccessKey. */
export interface CountedAccessKey {
  /** Status of its Ready condition. */
  ready: 'True' | 'False' | 'Unknown';
  /** Whether it complies with the guardrails, as far as they are known. */
  isCompliant: boolean;
  /** State of each of its key pairs. */
  pairs: Iterable<string>;
}

/** A candidate in a leader election. */
export interface Candidate {
  /** Name of the Lease. */
  name: string;
  isLeader: () => boolean;
}

/** A watch cache. */
export interface MeasuredCache extends WatchCache {
  /** Name of the cluster. */
  readonly cluster: string;
}

/** The registered clusters. */
export type MeasuredClusters = Pick<Clusters, 'reports' | 'up'>;

export function collectAccessKeys(register: Registry, accessKeys: () => Iterable<CountedAccessKey>): void {
  collectCounts(register, {
    name: 'accesskey_accesskeys',
    help: 'AccessKeys by the status of their Ready condition',
    label: 'ready',
    known: ['True', 'False', 'Unknown'],
    *states() {
      for (const { ready } of accessKeys()) yield ready;
    },
  });
  new Gauge({
    registers: [register],
    name: 'accesskey_accesskeys_not_compliant',
    help: 'AccessKeys that do not comply with the guardrails',
    collect() {
      this.set([...accessKeys()].filter(({ isCompliant }) => !isCompliant).length);
    },
  });
  collectCounts(register, {
    name: 'accesskey_key_pairs',
    help: 'Key pairs by state',
    label: 'state',
    known: [],
    *states() {
      for (const { pairs } of accessKeys()) yield* pairs;
    },
  });
}

/** Administrators see only denials of the admission policy otherwise. */
export function collectGuardrails(register: Registry, areMalformed: () => boolean): void {
  new Gauge({
    registers: [register],
    name: 'accesskey_guardrails_malformed',
    help: 'Whether the ConfigMap of the guardrails is malformed, so that the last valid guardrails are in use',
    collect() {
      this.set(areMalformed() ? 1 : 0);
    },
  });
}

/** 1 for the leader and 0 for the other replicas, named as in client-go. */
export function collectLeadership(register: Registry, candidate: Candidate | undefined): void {
  new Gauge({
    registers: [register],
    labelNames: ['name'],
    name: 'leader_election_master_status',
    help: 'Whether this process is the leader',
    collect() {
      if (candidate) this.set({ name: candidate.name }, candidate.isLeader() ? 1 : 0);
    },
  });
}

/** Readiness as a metric, for alerts: Prometheus does not see probes. */
export function collectReadiness(register: Registry, isReady: () => boolean): void {
  new Gauge({
    registers: [register],
    name: 'accesskey_ready',
    help: 'Whether this process is ready, as reported by /readyz',
    collect() {
      this.set(isReady() ? 1 : 0);
    },
  });
}

export function collectCertificate(register: Registry, expiry: () => number): void {
  new Gauge({
    registers: [register],
    name: 'accesskey_tls_certificate_expiry_seconds',
    help: 'Expiry of the serving TLS certificate, seconds since the epoch',
    collect() {
      this.set(expiry());
    },
  });
}

/** A cache that was never filled has no age. Several caches can have the same resource, for example Secrets. */
export function collectCaches(register: Registry, caches: () => Iterable<MeasuredCache>): void {
  const registers = [register];
  const labelNames = ['cluster', 'cache', 'resource'] as const;
  new Gauge({
    registers,
    labelNames,
    name: 'accesskey_cache_age_seconds',
    help: 'Seconds since a cache last received an event, a bookmark or a list from the API server',
    collect() {
      this.reset();
      for (const { cluster, cache, resource, freshness } of caches()) {
        const { ageSeconds } = freshness();
        if (Number.isFinite(ageSeconds)) this.set({ cluster, cache, resource }, ageSeconds);
      }
    },
  });
  new Gauge({
    registers,
    labelNames,
    name: 'accesskey_cache_watching',
    help: 'Whether a watch is open that updates a cache',
    collect() {
      this.reset();
      for (const { cluster, cache, resource, freshness } of caches()) {
        this.set({ cluster, cache, resource }, freshness().watching ? 1 : 0);
      }
    },
  });
}

/** A cluster that is no longer registered has no series. */
export function collectClusters(register: Registry, clusters: MeasuredClusters): void {
  new Gauge({
    registers: [register],
    labelNames: ['cluster'] as const,
    name: 'accesskey_cluster_up',
    help: 'Whether a registered cluster is reachable and its data is up to date',
    collect() {
      this.reset();
      for (const [cluster, up] of clusters.up()) this.set({ cluster }, up ? 1 : 0);
    },
  });
  collectCounts(register, {
    name: 'accesskey_cluster_registrations',
    help: 'Cluster registrations by state',
    label: 'state',
    known: ['connecting', 'available', 'unavailable', 'refused'],
    *states() {
      for (const { state } of clusters.reports()) yield state;
    },
  });
}

export interface Counts {
  name: string;
  help: string;
  label: string;
  /** Values of the label that always have a series. */
  known: readonly string[];
  /** The value of each counted object. */
  states: () => Iterable<string>;
}

/** Counts objects by a label. Once seen, a value keeps its series, because a missing one looks like a failed scrape. */
export function collectCounts(register: Registry, { name, help, label, known, states }: Counts): void {
  const seen = new Set(known);
  new Gauge({
    registers: [register],
    labelNames: [label],
    name,
    help,
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
