/**
 * Builders of the operator's objects. Each returns a valid object; a test sets only the properties that matter to it.
 */

import { type Guardrails, noGuardrails } from '../../src/accesskey/guardrails/guardrails.ts';
import type { CurrentGuardrails } from '../../src/accesskey/guardrails/watched-guardrails.ts';
import type { FoundPair } from '../../src/accesskey/live/pair-lookup.ts';
import {
  type AccessKeyRecord,
  type KeyPairSpec,
  type KeyPairStatus,
  secretNameOf,
} from '../../src/accesskey/model/access-key-record.ts';
import { type AccessKeyCaches, createAccessKeyCaches, type NamespaceRecord } from '../../src/accesskey/model/caches.ts';
import type { PairFacts } from '../../src/accesskey/model/pair-facts.ts';
import type { AccessKeyStatus } from '../../src/accesskey/model/types.generated.ts';
import { desiredData, desiredMetadata } from '../../src/accesskey/reconcile/desired-secret.ts';
import type { SecretTokens } from '../../src/accesskey/reconcile/plan-token.ts';
import { digestOf, type KeyPair } from '../../src/credential/key-pair.ts';
import { type SecretObject, type SecretRecord, toSecretRecord } from '../../src/credential/secret-record.ts';
import { secretTypes } from '../../src/kube/own-names.ts';
import { type ClaimsOptions, claimsFor, type TokenClaims } from '../../src/token/claims.ts';
import type { KeyPolicy } from '../../src/token/keys/facts.ts';

/** 2026-01-01T00:00:00Z, the current time of the tests. */
export const now = Date.UTC(2026, 0, 1);

/** The time this many seconds from `now`, RFC 3339. */
export function at(seconds: number): string {
  return `${new Date(now + seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** The n-th of a sequence of distinct pairs. */
export function keyPair(n = 1): KeyPair {
  const tail = n.toString(16).padStart(12, '0');
  return { ak: `aaaaaaaa-0000-4000-8000-${tail}`, sk: `5ec5e70f-0000-4000-8000-${tail}` };
}

export interface AccessKeyParts {
  namespace?: string;
  name?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  updatedAt?: string;
  deleting?: boolean;
  user?: string;
  groups?: string[];
  /** email, firstName, lastName, description. */
  profile?: Omit<AccessKeyRecord['spec']['user'], 'name' | 'groups'>;
  keyPairs?: KeyPairSpec[];
  suspended?: boolean;
  serviceAccounts?: string[];
  status?: AccessKeyStatus;
}

/** An AccessKey `shop/ann` of the user ann with the pair `main`, created an hour ago and not reconciled yet. */
export function accessKey(parts: AccessKeyParts = {}): AccessKeyRecord {
  const { namespace = 'shop', name = 'ann', user = 'ann', groups, keyPairs = [{ name: 'main' }] } = parts;
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: parts.uid ?? `uid-of-${namespace}-${name}`,
    resourceVersion: parts.resourceVersion ?? '10',
    generation: parts.generation ?? 1,
    creationTimestamp: parts.creationTimestamp ?? at(-3600),
    updatedAt: parts.updatedAt ?? parts.creationTimestamp ?? at(-3600),
    deleting: parts.deleting ?? false,
    spec: {
      user: { name: user, ...(groups && { groups }), ...parts.profile },
      keyPairs,
      ...(parts.suspended && { suspended: true }),
      ...(parts.serviceAccounts && { serviceAccounts: parts.serviceAccounts }),
    },
    status: parts.status ?? { observedGeneration: -1 },
  };
}

/** An AccessKey with these pairs in its status; each defaults to the pair `main` in the Secret `ann-main`. */
export function known(parts: AccessKeyParts = {}, ...keyPairs: Partial<KeyPairStatus>[]): AccessKeyRecord {
  const entries = keyPairs.length > 0 ? keyPairs : [{}];
  return accessKey({ status: { observedGeneration: 1, keyPairs: entries.map(pairStatus) }, ...parts });
}

/** The status of the pair in `secret()`. */
export function pairStatus(parts: Partial<KeyPairStatus> = {}): KeyPairStatus {
  const { name = 'main' } = parts;
  const secretName = `ann-${name}`;
  const generated = { accessKey: keyPair().ak, revision: 1, createdAt: at(-1800) };
  return { name, secretName, state: 'Active', ...generated, ...parts };
}

export interface SecretParts {
  /** The AccessKey it belongs to. */
  of?: AccessKeyRecord;
  /** Name of the pair of `of`; defaults to the first one. */
  pair?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  resourceVersion?: string;
  createdAt?: string;
  type?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: NonNullable<NonNullable<SecretObject['metadata']>['ownerReferences']>;
  /** Not base64-encoded. Overrides the pair; an undefined value removes the key. */
  data?: Record<string, string | undefined>;
  keys?: KeyPair;
  /** The pair before the last rotation. */
  previous?: KeyPair;
  immutable?: boolean;
  /** Facts in the annotations. Defaults: revision 1, generated half an hour ago. */
  facts?: Partial<PairFacts>;
  deletionTimestamp?: string;
}

/** A Secret as the API server returns it, with a valid pair and its labels, annotations and data keys. */
export function rawSecret(parts: SecretParts = {}) {
  const { of = accessKey(), keys = keyPair() } = parts;
  const pair = of.spec.keyPairs?.find((one) => one.name === (parts.pair ?? one.name)) ?? { name: parts.pair ?? 'main' };
  const name = parts.name ?? secretNameOf(of, pair);
  const namespace = parts.namespace ?? of.namespace;
  const facts = { revision: 1, generatedAt: now - 1_800_000, previousValidUntil: undefined, ...parts.facts };
  const metadata = desiredMetadata(of, pair, facts);
  const values = { current: keys, ...(parts.previous && { previous: parts.previous }) };
  const owner = { apiVersion: 'ghippo.io/v1alpha1', kind: 'AccessKey', name: of.name, uid: of.uid, controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace,
      uid: parts.uid ?? `uid-of-secret-${namespace}-${name}`,
      resourceVersion: parts.resourceVersion ?? '20',
      creationTimestamp: parts.createdAt ?? at(-1800),
      ...(parts.deletionTimestamp !== undefined && { deletionTimestamp: parts.deletionTimestamp }),
      labels: parts.labels ?? metadata.labels,
      annotations: parts.annotations ?? metadata.annotations,
      ownerReferences: parts.ownerReferences ?? [owner],
    },
    type: parts.type ?? secretTypes.accessKey,
    ...(parts.immutable && { immutable: true }),
    data: encode({ ...desiredData(pair, values), ...parts.data }),
  };
}

function encode(data: Record<string, string | undefined>): Record<string, string> {
  const present = Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(present.map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
}

/** The record of `rawSecret`. */
export function secret(parts: SecretParts = {}): SecretRecord {
  return toSecretRecord(rawSecret(parts));
}

/** Issues no token for Secrets, because there are no signing keys. */
export const noTokens: SecretTokens = {
  issuer: 'ghippo.io',
  isReady: () => false,
  isPublished: () => false,
  issue: () => Promise.reject(new Error('no token is expected')),
};

/** Guardrails that a test can change; no limits by default. */
export function guardrails(initial: Guardrails = noGuardrails) {
  const listeners = new Set<() => void>();
  let value: Guardrails | undefined = initial;
  const current: CurrentGuardrails = {
    current: () => value,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const set = (next: Partial<Guardrails> | undefined) => {
    value = next && { ...noGuardrails, ...next };
    for (const listener of listeners) listener();
  };
  return { ...current, set };
}

export function namespace(name: string, terminating = false): NamespaceRecord {
  return { key: name, resourceVersion: '1', terminating };
}

/** Caches with this content. */
export function caches(content: {
  accessKeys?: AccessKeyRecord[];
  secrets?: SecretRecord[];
  namespaces?: NamespaceRecord[];
}): AccessKeyCaches {
  const created = createAccessKeyCaches();
  created.accessKeys.replace(content.accessKeys ?? []);
  created.secrets.replace(content.secrets ?? []);
  created.namespaces.replace(content.namespaces ?? []);
  return created;
}

/** The default of the configuration for signing keys. */
export const keyPolicy: KeyPolicy = {
  algorithm: 'RS256',
  rotationDays: 30,
  publishAheadHours: 24,
  maxCycleDays: 30,
};

/** The claims of a token for a pair that is valid for this many days. */
export function claimsOf(pair: FoundPair, days: number, options: ClaimsOptions, time: number): TokenClaims {
  return claimsFor(
    { clientId: pair.ak, user: pair.user, expiresAt: pair.expiresAt },
    { ...options, seconds: days * 86_400, now: time },
  );
}

/** A live key pair, as PairLookup finds it. */
export function foundPair(parts: Partial<FoundPair> = {}, keys = keyPair()): FoundPair {
  return {
    ak: keys.ak,
    digest: digestOf(keys.sk),
    state: 'Active',
    expiresAt: Number.POSITIVE_INFINITY,
    user: { id: 'uid-of-shop-ann', name: 'ann', groups: ['dev', 'ops'] },
    pairName: 'main',
    ...parts,
  };
}
