/**
 * Which guardrails an existing AccessKey does not comply with. The rules and messages are those of the admission policy in
 * manifests/components/guardrails for a new AccessKey, which test/integration/guardrails-report.test.ts compares. Pure.
 */
import { durationMs } from '../../kube/duration.ts';
import {
  type AccessKeyRecord,
  type KeyPairSpec,
  type KeyPairStatus,
  tokenDefaults,
} from '../model/access-key-record.ts';
import { isRevisionRaised } from '../model/pair-facts.ts';
import { isRevokedByRotation } from '../model/pair-state.ts';
import { parseTime } from '../model/time.ts';
import type { Guardrails } from './guardrails.ts';

/** Difference between clocks that the policy accepts, milliseconds. */
const clockSkewMs = 5 * 60_000;
/** Most violations in a message, so that it fits in a condition. */
const maxDescribed = 10;

/** An AccessKey, with the status of its key pairs. */
export interface Examined {
  accessKey: Pick<AccessKeyRecord, 'namespace' | 'spec'>;
  /** The lifetime of a pair counts from its `createdAt`. */
  keyPairs: readonly KeyPairStatus[];
  /** Milliseconds since the epoch. Counts for a pair that is not created or rotated yet. */
  now: number;
}

/** An enabled key pair. */
interface EnabledPair {
  pair: KeyPairSpec;
  /** For example `spec.keyPairs[0]`. */
  path: string;
  /** When the pair that is valid now was created; now if there is none. Milliseconds since the epoch. */
  createdAt: number;
  /** The same, but now if its revision asks for a rotation that has not happened yet. */
  rotatedAt: number;
}

/** @returns one message for each value that a guardrail does not allow, with its field and the guardrail */
export function violationsOf(examined: Examined, guardrails: Guardrails): string[] {
  const pairs = enabledPairs(examined);
  return [
    ...(guardrails.requireExpiryOrRotation ? unlimited(pairs) : []),
    ...tooLong(pairs, guardrails),
    ...longTokens(pairs, guardrails),
    ...otherGroups(examined, guardrails),
    ...otherAudiences(examined, guardrails),
  ];
}

/** @returns the message of a condition, or undefined without violations */
export function describeViolations(violations: readonly string[]): string | undefined {
  if (violations.length === 0) return undefined;
  const rest = violations.length - maxDescribed;
  return [...violations.slice(0, maxDescribed), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

function enabledPairs({ accessKey, keyPairs, now }: Examined): EnabledPair[] {
  return (accessKey.spec.keyPairs ?? []).flatMap((pair, index) => {
    if (pair.enabled === false) return [];
    const known = keyPairs.find(({ name }) => name === pair.name);
    const createdAt = parseTime(known?.createdAt) ?? now;
    // Without a recorded revision, no revision of the spec is above it.
    const facts = { revision: known?.revision ?? Number.POSITIVE_INFINITY };
    return [
      {
        pair,
        path: `spec.keyPairs[${index}]`,
        createdAt: isRevokedByRotation(pair, facts) ? now : createdAt,
        rotatedAt: isRevisionRaised(pair, facts) ? now : createdAt,
      },
    ];
  });
}

function unlimited(pairs: readonly EnabledPair[]): string[] {
  return pairs
    .filter(({ pair }) => pair.expiresAt === undefined && pair.rotation?.interval === undefined)
    .map(({ path }) => `${path}: must have expiresAt or rotation.interval (guardrail requireExpiryOrRotation)`);
}

function tooLong(pairs: readonly EnabledPair[], { maxKeyPairLifetime: max }: Guardrails): string[] {
  if (max === undefined) return [];
  const rule =
    `must be at most ${max}, minus the overlap, after the key pair was created or rotated, unless ` +
    'rotation.interval plus overlap is not longer than that (guardrail maxKeyPairLifetime)';
  return pairs
    .filter((one) => !isRotatedInTime(one, durationMs(max)) && !expiresInTime(one, durationMs(max) + clockSkewMs))
    .map(({ path }) => `${path}.expiresAt: ${rule}`);
}

function isRotatedInTime({ pair }: EnabledPair, maxMs: number): boolean {
  const interval = pair.rotation?.interval;
  return interval !== undefined && durationMs(interval) + overlapMs(pair) <= maxMs;
}

/** With an overlap, the present pair stays valid if its rotation fails, so its own end is limited as well. */
function expiresInTime({ pair, createdAt, rotatedAt }: EnabledPair, maxMs: number): boolean {
  const ends = parseTime(pair.expiresAt);
  return ends !== undefined && ends - createdAt <= maxMs && ends - rotatedAt + overlapMs(pair) <= maxMs;
}

/** How long a rotation keeps the previous pair valid at most. */
function overlapMs({ rotation }: KeyPairSpec): number {
  return durationMs(rotation?.maxOverlap ?? rotation?.overlap);
}

function longTokens(pairs: readonly EnabledPair[], { maxTokenLifetime: max }: Guardrails): string[] {
  if (max === undefined) return [];
  return pairs.flatMap(({ pair, path }) => {
    const validFor = pair.token && (pair.token.validFor ?? tokenDefaults.validFor);
    const fields = { tokenLifetime: pair.tokenLifetime, 'token.validFor': validFor };
    return Object.entries(fields)
      .filter(([, lifetime]) => durationMs(lifetime) > durationMs(max))
      .map(([field]) => `${path}.${field}: must be at most ${max} (guardrail maxTokenLifetime)`);
  });
}

function otherGroups({ accessKey: { namespace, spec } }: Examined, { allowedGroups }: Guardrails): string[] {
  if (allowedGroups.size === 0) return [];
  const isAllowed = (group: string) => allowedGroups.has(`${namespace}: ${group}`) || allowedGroups.has(`*: ${group}`);
  return (spec.user.groups ?? [])
    .filter((group) => !isAllowed(group))
    .map((group) => `spec.user.groups: ${group} is not allowed in namespace ${namespace} (guardrail allowedGroups)`);
}

function otherAudiences({ accessKey: { spec } }: Examined, { allowedAudiences }: Guardrails): string[] {
  if (allowedAudiences.size === 0) return [];
  return (spec.audiences ?? [])
    .filter((audience) => !allowedAudiences.has(audience))
    .map((audience) => `spec.audiences: ${audience} is not allowed (guardrail allowedAudiences)`);
}
