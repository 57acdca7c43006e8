import { isDeepStrictEqual } from 'node:util';
import { type AccessKeyRecord, toAccessKeyRecord } from '../../../src/accesskey/model/access-key-record.ts';
import { managedBy, secretType } from '../../../src/credential/secret-record.ts';
import type { RawSecret } from '../../support/secret-keys.ts';
import { type Admin, accessKeysPath, secretsPath } from './admin.ts';
import { ownerOf } from './history.ts';
import { pairComplaints } from './pair-invariants.ts';

/** The cluster at one time. */
export interface World {
  accessKeys: readonly AccessKeyRecord[];
  secrets: readonly RawSecret[];
  /** Secrets that are somebody else's, by namespace/name, as JSON. */
  foreign: ReadonlyMap<string, string>;
  /** What the operator's clock says, milliseconds since the epoch. */
  now: number;
}

/** Reads the cluster, past any fault. */
export async function readWorld(
  admin: Admin,
  foreign: ReadonlyMap<string, string> = new Map(),
  now = Date.now(),
): Promise<World> {
  const [accessKeys, secrets] = await Promise.all([admin.list(accessKeysPath()), admin.list(secretsPath())]);
  return { accessKeys: accessKeys.map(toAccessKeyRecord), secrets: secrets as RawSecret[], foreign, now };
}

/**
 * What is not as it must be once everything has settled: each wanted pair of each AccessKey that has its user's claim
 * has one Secret, as the spec says and with a well-formed pair, and the status says what the Secret does; no Secret of
 * ours is left over or without an owner; those of others are untouched.
 */
export function complaintsOf(world: World): string[] {
  const ours = world.accessKeys.flatMap((one) => accessKeyComplaints(world, one));
  return [...ours, ...orphans(world), ...touched(world)];
}

function accessKeyComplaints(world: World, accessKey: AccessKeyRecord): string[] {
  const { key, status, generation } = accessKey;
  if (accessKey.deleting) return [`${key} is still being deleted`];
  if (status.observedGeneration !== generation) return [`${key}: generation ${generation} is not observed`];
  const holder = holderOf(world, accessKey.spec.user.name);
  if (holder?.key !== key) return loserComplaints(accessKey, holder?.key);
  if (status.userID !== accessKey.uid) return [`${key}: userID is not its uid`];
  const owned = world.secrets.filter((secret) => ownerOf(secret) === accessKey.uid);
  const pairs = accessKey.spec.keyPairs ?? [];
  const isTaken = (name: string) => world.foreign.has(`${accessKey.namespace}/${name}`);
  const conflict = pairs.some((pair) => isTaken(pair.secret?.name ?? `${accessKey.name}-${pair.name}`));
  return [
    ...readyComplaints(accessKey, conflict),
    ...leftOver(accessKey, owned),
    ...pairs.flatMap((pair) => pairComplaints(accessKey, pair, owned, isTaken, world.now)),
    ...(status.keyPairs?.length === pairs.length || pairs.length === 0 ? [] : [`${key}: status has other pairs`]),
  ].map((complaint) => `${key}: ${complaint}`);
}

/** Of several AccessKeys of one user the oldest has the claim, then the first by name. */
export function holderOf({ accessKeys }: Pick<World, 'accessKeys'>, user: string): AccessKeyRecord | undefined {
  const rank = (one: AccessKeyRecord) => `${one.creationTimestamp} ${one.key}`;
  const claimants = accessKeys.filter((one) => one.spec.user.name === user && !one.deleting);
  return claimants.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

function loserComplaints({ key, status }: AccessKeyRecord, holder: string | undefined): string[] {
  const stalled = status.conditions?.find((one) => one.type === 'Stalled');
  const isTold = stalled?.reason === 'UserClaimed' && stalled.message.includes(`AccessKey ${holder},`);
  const isQuiet = (status.keyPairs ?? []).every((pair) => pair.state === 'Conflict');
  return isTold && isQuiet ? [] : [`${key}: does not say that ${holder} has its user`];
}

function readyComplaints({ status, generation }: AccessKeyRecord, conflict: boolean): string[] {
  const said = status.conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(', ');
  const expected = conflict ? 'Ready=False SecretConflict, Stalled=True SecretConflict' : 'Ready=True KeyPairsReady';
  const isObserved = status.conditions?.every((one) => one.observedGeneration === generation);
  return said === expected && isObserved ? [] : [`conditions are ${said}, not ${expected}`];
}

function leftOver({ spec }: AccessKeyRecord, owned: readonly RawSecret[]): string[] {
  const names = spec.keyPairs?.map((pair) => pair.name) ?? [];
  const isWanted = ({ metadata }: RawSecret) => names.includes(metadata.labels?.['ghippo.io/key-pair'] ?? '');
  return owned.filter((secret) => !isWanted(secret)).map((secret) => `${secret.metadata.name} is left over`);
}

function orphans({ accessKeys, secrets }: World): string[] {
  const uids = new Set(accessKeys.map((one) => one.uid));
  const isOurs = (one: RawSecret) =>
    one.type === secretType || one.metadata.labels?.[managedBy.label] === managedBy.value;
  const lost = secrets.filter((one) => isOurs(one) && !uids.has(ownerOf(one) ?? ''));
  return lost.map(({ metadata }) => `orphan: ${metadata.namespace}/${metadata.name}`);
}

function touched({ secrets, foreign }: World): string[] {
  const live = new Map(secrets.map((one) => [`${one.metadata.namespace}/${one.metadata.name}`, one]));
  const isAsBefore = ([key, json]: [string, string]) => isDeepStrictEqual(JSON.parse(json), live.get(key));
  return [...foreign].filter((entry) => !isAsBefore(entry)).map(([key]) => `${key} of somebody else was changed`);
}
