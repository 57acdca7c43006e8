import { matches } from '../../credential/key-pair.ts';
import { annotations, keyPairLabel, type SecretRecord } from '../../credential/secret-record.ts';
import { isAhead } from '../../kube/clock.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf, secretNameOf } from './access-key-record.ts';
import { durationMs } from './duration.ts';

/** What is known of the pair that a Secret holds. Times are milliseconds since the epoch. */
export interface PairFacts {
  /** The revision that it was made for. */
  revision: number;
  /** When it was made. */
  generatedAt: number;
  /** Until when the previous pair works; undefined when there is none that does, at no time. */
  previousValidUntil: number | undefined;
}

/**
 * What is known of the pair in a Secret. The status knows first, since only the operator writes it; what it does not
 * know (it is behind by a crash, perhaps) is noted on the Secret. Lost notes so never change a pair, nor do forged ones.
 *
 * @param now milliseconds since the epoch; a time of the status that is in the future is not believed
 */
export function pairFacts(accessKey: AccessKeyRecord, pair: KeyPairSpec, secret: SecretRecord, now: number): PairFacts {
  const status = pairStatusOf(accessKey, pair.name);
  const known = status?.accessKey !== undefined && status.accessKey === secret.pair?.ak ? status : undefined;
  const told = [known?.createdAt, secret.annotations[annotations.generatedAt]]
    .map(timeOf)
    .filter((time) => time !== undefined);
  const generatedAt = told.find((time) => !isAhead(time, now)) ?? told[0] ?? timeOf(secret.createdAt) ?? now;
  return {
    revision: known?.revision ?? wholeNumberOf(secret.annotations[annotations.revision]) ?? pair.revision ?? 1,
    generatedAt,
    previousValidUntil: previousValidUntil(accessKey, pair, secret, generatedAt),
  };
}

/**
 * The same facts, with now in place of a time in the future: the clock was ahead when the pair was made. Without this its
 * previous pair would work, and the next rotation wait, for as long as the clock was ahead.
 */
export function withoutFuture(pair: KeyPairSpec, facts: PairFacts, now: number): PairFacts {
  if (!isAhead(facts.generatedAt, now)) return facts;
  const until = facts.previousValidUntil;
  const overlap = durationMs(pair.rotation?.overlap);
  return { ...facts, generatedAt: now, previousValidUntil: until && Math.min(until, now + overlap) };
}

/** The same facts, without a previous pair whose time is over. */
export function withoutEndedPrevious(facts: PairFacts, now: number): PairFacts {
  const isOver = facts.previousValidUntil !== undefined && now >= facts.previousValidUntil;
  return isOver ? { ...facts, previousValidUntil: undefined } : facts;
}

/** The overlap of the spec bounds what was promised at the rotation: shortening it works at once. */
function previousValidUntil(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secret: SecretRecord,
  generatedAt: number,
): number | undefined {
  if (!secret.previous) return undefined;
  const known = pairStatusOf(accessKey, pair.name)?.previous;
  const noted = secret.annotations[annotations.previousValidUntil];
  const until = timeOf(known?.accessKey === secret.previous.ak ? known.validUntil : noted);
  return until === undefined ? undefined : Math.min(until, generatedAt + durationMs(pair.rotation?.overlap));
}

/**
 * The pair of an AccessKey that a Secret of its is for: by the ak that the status knows, else by the label, else by the
 * name, first as the status knows it and then as the spec wants it. So neither a lost or wrong label nor two pairs that
 * change names makes one pair take the other's Secret.
 *
 * @returns undefined when the spec has no such pair
 */
export function pairOf(accessKey: AccessKeyRecord, secret: SecretRecord): KeyPairSpec | undefined {
  const pairs = accessKey.spec.keyPairs ?? [];
  const ak = secret.pair?.ak;
  const known = accessKey.status.keyPairs?.filter((one) => one.accessKey !== undefined) ?? [];
  const byKey = known.find((one) => one.accessKey === ak)?.name;
  const name = byKey ?? secret.labels[keyPairLabel] ?? known.find((one) => one.secretName === secret.name)?.name;
  if (name !== undefined) return pairs.find((one) => one.name === name);
  // A pair that is known to be elsewhere is not to be lost for what happens to have the name that it moves to.
  const isElsewhere = (pair: KeyPairSpec) => known.some((one) => one.name === pair.name);
  return pairs.find((one) => secretNameOf(accessKey, one) === secret.name && !isElsewhere(one));
}

/**
 * Whether the notes on a Secret name its ak and sk the wrong way round: then what they call the ak is the secret key,
 * and must not get into a status.
 */
export function isSwapped(accessKey: AccessKeyRecord, pair: KeyPairSpec, secret: SecretRecord): boolean {
  const known = pairStatusOf(accessKey, pair.name)?.accessKey;
  if (known === undefined || secret.pair === undefined) return false;
  // An ak is never its own sk (isPair), so the usual case needs no hash: this is asked for each token.
  return known !== secret.pair.ak && matches(known, secret.pair.digest);
}

/** @returns milliseconds since the epoch; undefined for what is no time */
export function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}

function wholeNumberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined;
}
