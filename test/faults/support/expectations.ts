import type { AccessKeyRecord, KeyPairSpec } from '../../../src/accesskey/model/access-key-record.ts';
import { keyPairLabel } from '../../../src/credential/secret-record.ts';
import { type History, ownerOf } from './history.ts';
import { holderOf, type World } from './invariants.ts';

/** How many new pairs there must and may be until all has settled, and how it was when it last had. */
interface Expectation {
  least: number;
  most: number;
  /** How many there had been. */
  had: number;
  /** Whether there was a Secret. */
  existed: boolean;
}

/** The model: which pairs must be made anew, because somebody asked for it, and which must not. */
export interface Expectations {
  /**
   * A new pair was asked for.
   *
   * @param isCertain false when it depends on how far the operator was, so that there may also be none
   */
  ask(accessKeyUID: string, pairName: string, isCertain: boolean): void;
  /** The pair was taken out of the spec: whatever was asked for before need not come. */
  forget(accessKeyUID: string, pairName: string): void;
  /** What is other than it must be now that all has settled. */
  complaints(world: World): string[];
  /** Takes this for the state that the next requests are made in. */
  settled(world: World): void;
}

export function createExpectations(history: History): Expectations {
  const all = new Map<string, Expectation>();

  function at(uid: string, pairName: string): Expectation {
    const known = all.get(`${uid}/${pairName}`) ?? { least: 0, most: 0, had: 0, existed: false };
    all.set(`${uid}/${pairName}`, known);
    return known;
  }

  function complaintsOf(world: World, accessKey: AccessKeyRecord, pair: KeyPairSpec): string[] {
    const expected = at(accessKey.uid, pair.name);
    const made = history.aksOf(accessKey.uid, pair.name).length - expected.had;
    const first = expected.existed ? 0 : 1;
    const least = isServed(world, accessKey, pair) ? Math.max(first, expected.least) : 0;
    const most = first + expected.most;
    const isRight = made >= least && made <= most;
    return isRight ? [] : [`${accessKey.key}: ${made} new pairs of ${pair.name}, expected ${least} to ${most}`];
  }

  function settle(world: World, accessKey: AccessKeyRecord, pairName: string): void {
    const pair = accessKey.spec.keyPairs?.find((one) => one.name === pairName);
    const expected = at(accessKey.uid, pairName);
    const had = history.aksOf(accessKey.uid, pairName).length;
    const existed = world.secrets.some(
      (one) => ownerOf(one) === accessKey.uid && one.metadata.labels?.[keyPairLabel] === pairName,
    );
    // What was asked for of a pair that is not served now comes when it is.
    const isDone = !pair || isServed(world, accessKey, pair);
    const least = isDone || had > expected.had ? 0 : expected.least;
    all.set(`${accessKey.uid}/${pairName}`, { had, existed, least, most: isDone ? 0 : expected.most });
  }

  return {
    ask(uid, pairName, isCertain) {
      const expected = at(uid, pairName);
      expected.most += 1;
      if (isCertain) expected.least = 1;
    },
    forget(uid, pairName) {
      const expected = at(uid, pairName);
      expected.most += 1;
      expected.least = 0;
    },
    complaints: (world) =>
      world.accessKeys.flatMap((one) => (one.spec.keyPairs ?? []).flatMap((pair) => complaintsOf(world, one, pair))),
    settled(world) {
      for (const one of world.accessKeys) for (const name of ['main', 'second']) settle(world, one, name);
    },
  };
}

/** Whether the operator does what the pair needs: it has its user's claim, and its name is not somebody else's. */
export function isServed(world: World, accessKey: AccessKeyRecord, pair: KeyPairSpec): boolean {
  const wanted = pair.secret?.name ?? `${accessKey.name}-${pair.name}`;
  const isTaken = world.foreign.has(`${accessKey.namespace}/${wanted}`);
  return !isTaken && holderOf(world, accessKey.spec.user.name)?.key === accessKey.key;
}
