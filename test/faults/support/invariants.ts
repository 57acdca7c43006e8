import { isDeepStrictEqual } from 'node:util';
import { type AccessKeyRecord, toAccessKeyRecord } from '../../../src/accesskey/model/access-key-record.ts';
import { annotations, managedBy } from '../../../src/credential/secret-format.ts';
import { secretTypes } from '../../../src/kube/own-names.ts';
import type { RawSecret } from '../../support/secret-keys.ts';
import { type Admin, accessKeysPath, secretsPath } from './admin.ts';
import { ownerOf } from './history.ts';
import { pairViolations } from './pair-invariants.ts';

/** A snapshot of the cluster. */
export interface World {
  accessKeys: readonly AccessKeyRecord[];
  secrets: readonly RawSecret[];
  /** Secrets that the operator does not own, by namespace/name, as JSON. */
  foreign: ReadonlyMap<string, string>;
  /** The time of the operator's clock, milliseconds since the epoch. */
  now: number;
}

/** Reads the cluster directly, without faults. */
export async function readWorld(
  admin: Admin,
  foreign: ReadonlyMap<string, string> = new Map(),
  now = Date.now(),
): Promise<World> {
  const [accessKeys, secrets] = await Promise.all([admin.list(accessKeysPath()), admin.list(secretsPath())]);
  return { accessKeys: accessKeys.map(toAccessKeyRecord), secrets: secrets as RawSecret[], foreign, now };
}

/**
 * Lists what is wrong in a settled cluster. Each pair of an AccessKey that holds its user must have one Secret that
 * matches the spec and the status and has a well-formed pair. The operator must leave no Secret behind and must not change
 * Secrets that it does not own.
 */
export function violationsOf(world: World): string[] {
  const ours = world.accessKeys.flatMap((one) => accessKeyViolations(world, one));
  return [...ours, ...orphans(world), ...touched(world)];
}

function accessKeyViolations(world: World, accessKey: AccessKeyRecord): string[] {
  const { key, status, generation } = accessKey;
  if (accessKey.deleting) return [`${key} is still being deleted`];
  if (status.observedGeneration !== generation) return [`${key}: generation ${generation} is not observed`];
  const holder = holderOf(world, accessKey.spec.user.name);
  const owned = world.secrets.filter((secret) => ownerOf(secret) === accessKey.uid);
  if (holder?.key !== key) return loserViolations(accessKey, holder?.key, owned);
  if (status.userID !== accessKey.uid) return [`${key}: userID is not its uid`];
  const pairs = accessKey.spec.keyPairs ?? [];
  const isTaken = (name: string) => world.foreign.has(`${accessKey.namespace}/${name}`);
  const conflict = pairs.some((pair) => isTaken(pair.secret?.name ?? `${accessKey.name}-${pair.name}`));
  return [
    ...conditionViolations(world, accessKey, conflict),
    ...leftOver(accessKey, owned),
    ...pairs.flatMap((pair) => pairViolations({ accessKey, pair, owned, isTaken, now: world.now })),
    ...(status.keyPairs?.length === pairs.length || pairs.length === 0
      ? []
      : [`${key}: status lists other pairs than the spec`]),
  ].map((violation) => `${key}: ${violation}`);
}

/** @returns the AccessKey that holds the user: the oldest, then the first by name; undefined if there is none */
export function holderOf({ accessKeys }: Pick<World, 'accessKeys'>, user: string): AccessKeyRecord | undefined {
  const held = ({ uid, status }: AccessKeyRecord) => (status.userID === uid ? 0 : 1);
  const rank = (one: AccessKeyRecord) => `${one.creationTimestamp} ${held(one)} ${one.key}`;
  const claimants = accessKeys.filter((one) => one.spec.user.name === user && !one.deleting);
  return claimants.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

/** @param owned the Secrets that it keeps, without tokens */
function loserViolations(
  { key, status }: AccessKeyRecord,
  holder: string | undefined,
  owned: readonly RawSecret[],
): string[] {
  const stalled = status.conditions?.find((one) => one.type === 'Stalled');
  const isReported = stalled?.reason === 'UserClaimed';
  const isQuiet = (status.keyPairs ?? []).every((pair) => pair.state === 'Conflict');
  const withToken = owned.filter(({ metadata }) => metadata.annotations?.[annotations.token] !== undefined);
  return [
    ...(isReported && isQuiet ? [] : [`${key}: does not report that ${holder} holds its user`]),
    ...withToken.map(({ metadata }) => `${key}: ${metadata.name} still has a token`),
  ];
}

function conditionViolations({ now }: World, accessKey: AccessKeyRecord, conflict: boolean): string[] {
  const { status, generation } = accessKey;
  const actual = status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(', ');
  const ready = conflict ? 'Ready=False SecretConflict, Stalled=True SecretConflict' : 'Ready=True KeyPairsReady';
  const expected = expiresSoon(accessKey, now) ? `${ready}, ExpiresSoon=True KeyPairExpiresSoon` : ready;
  const isObserved = status.conditions?.every((one) => one.observedGeneration === generation);
  return actual === expected && isObserved ? [] : [`conditions are ${actual}, not ${expected}`];
}

/** Whether a pair that can get tokens ends within 30 days, and no other one is valid longer. */
function expiresSoon({ spec, status }: AccessKeyRecord, now: number): boolean {
  const isLive = (name: string) =>
    /Active|Rotating/.test(status.keyPairs?.find((one) => one.name === name)?.state ?? '');
  const ends = (spec.keyPairs ?? [])
    .filter(({ name }) => isLive(name))
    .map(({ expiresAt }) => (expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt)));
  return ends.length > 0 && Math.max(...ends) <= now + 30 * 86_400_000;
}

function leftOver({ spec }: AccessKeyRecord, owned: readonly RawSecret[]): string[] {
  const names = spec.keyPairs?.map((pair) => pair.name) ?? [];
  const isWanted = ({ metadata }: RawSecret) => names.includes(metadata.labels?.['ghippo.io/key-pair'] ?? '');
  return owned.filter((secret) => !isWanted(secret)).map((secret) => `${secret.metadata.name} is left over`);
}

function orphans({ accessKeys, secrets }: World): string[] {
  const uids = new Set(accessKeys.map((one) => one.uid));
  const isOurs = (one: RawSecret) =>
    one.type === secretTypes.accessKey || one.metadata.labels?.[managedBy.label] === managedBy.value;
  const lost = secrets.filter((one) => isOurs(one) && !uids.has(ownerOf(one) ?? ''));
  return lost.map(({ metadata }) => `orphan: ${metadata.namespace}/${metadata.name}`);
}

function touched({ secrets, foreign }: World): string[] {
  const live = new Map(secrets.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one]));
  const isAsBefore = ([key, json]: [string, string]) => isDeepStrictEqual(JSON.parse(json), live.get(key));
  return [...foreign]
    .filter((entry) => !isAsBefore(entry))
    .map(([key]) => `${key} is not the operator's, but was changed`);
}
