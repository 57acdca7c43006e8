import type { AccessKeyRecord, KeyPairSpec } from '../../../src/accesskey/model/access-key-record.ts';
import { annotations, keyPairLabel } from '../../../src/credential/secret-format.ts';
import { type History, isOfPair, ownerOf } from './history.ts';
import { holderOf, type World } from './invariants.ts';

/** How many new pairs are expected when the cluster settles, and the state when it last did. */
interface Expectation {
  least: number;
  most: number;
  /** Number of pairs until then. */
  had: number;
  /** Whether the Secret existed then. */
  existed: boolean;
}

/** The model: which pairs must be replaced because a new pair was requested, and which must not be. */
export interface Expectations {
  /**
   * Records a request for a new pair.
   *
   * @param isCertain false if the operator may not create one, depending on how far it has reconciled
   */
  request(accessKeyUID: string, pairName: string, isCertain: boolean): void;
  /** Records that earlier requests were withdrawn, which the operator may have fulfilled. */
  withdraw(accessKeyUID: string, pairName: string): void;
  /** Records that the pair was removed from the spec, which cancels earlier requests. */
  forget(accessKeyUID: string, pairName: string): void;
  /** Lists the differences between the model and a settled cluster. */
  violations(world: World): string[];
  /** Makes this settled state the base of the next requests. */
  settled(world: World): void;
}

export function createExpectations(history: History): Expectations {
  const all = new Map<string, Expectation>();

  function at(uid: string, pairName: string): Expectation {
    const expected = all.get(`${uid}/${pairName}`) ?? { least: 0, most: 0, had: 0, existed: false };
    all.set(`${uid}/${pairName}`, expected);
    return expected;
  }

  function violationsOf(world: World, accessKey: AccessKeyRecord, pair: KeyPairSpec): string[] {
    const expected = at(accessKey.uid, pair.name);
    const created = history.aksOf(accessKey.uid, pair.name).length - expected.had;
    const first = expected.existed ? 0 : 1;
    const least = isServed(world, accessKey, pair) ? Math.max(first, expected.least) : 0;
    const most = first + expected.most;
    const isRight = created >= least && created <= most;
    return isRight ? [] : [`${accessKey.key}: ${created} new pairs of ${pair.name}, expected ${least} to ${most}`];
  }

  function settle(world: World, accessKey: AccessKeyRecord, pairName: string): void {
    const pair = accessKey.spec.keyPairs?.find((one) => one.name === pairName);
    const expected = at(accessKey.uid, pairName);
    const had = history.aksOf(accessKey.uid, pairName).length;
    const existed = world.secrets.some(
      (one) => ownerOf(one) === accessKey.uid && one.metadata.labels?.[keyPairLabel] === pairName,
    );
    // A request for a pair that is not served now is fulfilled once it is.
    const isDone = !pair || isServed(world, accessKey, pair);
    const least = isDone || had > expected.had ? 0 : expected.least;
    all.set(`${accessKey.uid}/${pairName}`, { had, existed, least, most: isDone ? 0 : expected.most });
  }

  return {
    request(uid, pairName, isCertain) {
      const expected = at(uid, pairName);
      expected.most += 1;
      if (isCertain) expected.least = 1;
    },
    withdraw(uid, pairName) {
      at(uid, pairName).least = 0;
    },
    forget(uid, pairName) {
      const expected = at(uid, pairName);
      expected.most += 1;
      expected.least = 0;
    },
    violations: (world) =>
      world.accessKeys.flatMap((one) => (one.spec.keyPairs ?? []).flatMap((pair) => violationsOf(world, one, pair))),
    settled(world) {
      for (const one of world.accessKeys) for (const name of ['main', 'second']) settle(world, one, name);
    },
  };
}

/** Whether the operator reconciles the pair: its AccessKey holds the user, and its Secret name is not taken. */
export function isServed(world: World, accessKey: AccessKeyRecord, pair: KeyPairSpec): boolean {
  const wanted = pair.secret?.name ?? `${accessKey.name}-${pair.name}`;
  const isTaken = world.foreign.has(`${accessKey.namespace}/${wanted}`);
  return !isTaken && holderOf(world, accessKey.spec.user.name)?.key === accessKey.key;
}

/** Whether the rotation interval of a pair is over at the time of the snapshot. */
export function isDue(
  { secrets, now }: Pick<World, 'secrets' | 'now'>,
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
): boolean {
  const secret = secrets.find((one) => isOfPair(one, accessKey.uid, pair.name));
  const interval = Number.parseInt(pair.rotation?.interval ?? '', 10) * 3_600_000;
  const isOver = pair.expiresAt !== undefined && Date.parse(pair.expiresAt) <= now;
  const isLive = !accessKey.spec.suspended && pair.enabled !== false && !isOver;
  return isLive && Date.parse(secret?.metadata.annotations?.[annotations.generatedAt] ?? '') + interval <= now;
}
