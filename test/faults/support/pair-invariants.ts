import { isDeepStrictEqual } from 'node:util';
import type { AccessKeyRecord, KeyPairSpec, KeyPairStatus } from '../../../src/accesskey/model/access-key-record.ts';
import { accessKeyLabel, annotations, keyPairLabel, managedBy } from '../../../src/credential/secret-format.ts';
import { secretTypes } from '../../../src/kube/own-names.ts';
import { isUUID, type RawSecret, valuesOf } from '../../support/secret-keys.ts';
import { holdsToken, needsToken, tokenKeyOf } from './token-invariants.ts';

export interface PairSituation {
  /** The AccessKey, which holds its user. */
  accessKey: AccessKeyRecord;
  pair: KeyPairSpec;
  /** The Secrets that the AccessKey controls. */
  owned: readonly RawSecret[];
  /** Whether a Secret with this name exists that the operator does not own. The pair then stays in its former Secret. */
  isTaken: (secretName: string) => boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Lists what is wrong with one pair in a settled cluster. */
export function pairViolations({ accessKey, pair, owned, isTaken, now }: PairSituation): string[] {
  const wanted = pair.secret?.name ?? `${accessKey.name}-${pair.name}`;
  const mine = owned.filter(({ metadata }) => metadata.labels?.[keyPairLabel] === pair.name);
  const status = accessKey.status.keyPairs?.find((one) => one.name === pair.name);
  const [secret] = mine;
  if (mine.length > 1) return [`${pair.name} has ${mine.length} Secrets`];
  if (isTaken(wanted)) return secret || status?.state === 'Conflict' ? [] : [`${pair.name} is not in Conflict`];
  if (!secret) return [`${pair.name} has no Secret`];
  if (secret.metadata.name !== wanted) return [`${pair.name} is in ${secret.metadata.name}, not in ${wanted}`];
  const checks = {
    type: secret.type === secretTypes.accessKey,
    labels: isDeepStrictEqual(secret.metadata.labels, labelsOf(accessKey, pair)),
    data: holdsPair(accessKey, pair, secret, now),
    token: !needsToken(accessKey, pair, now) || holdsToken(pair, secret, now),
    revision: Number(secret.metadata.annotations?.[annotations.revision]) >= (pair.revision ?? 1),
    status: isDeepStrictEqual(withoutHistory(status), expectedStatus({ accessKey, pair, secret, status, now })),
  };
  const wrong = Object.entries(checks).filter(([, isRight]) => !isRight);
  return wrong.map(([what]) => `${what} of ${pair.name} in ${wanted} is wrong`);
}

function labelsOf(accessKey: AccessKeyRecord, pair: KeyPairSpec): Record<string, string> {
  const own = { [managedBy.label]: managedBy.value, [accessKeyLabel]: accessKey.name, [keyPairLabel]: pair.name };
  return { ...pair.secret?.labels, ...own };
}

/** Whether the Secret has the pair under the data keys of the spec, a previous pair and a token only while valid, and no more. */
function holdsPair(accessKey: AccessKeyRecord, pair: KeyPairSpec, secret: RawSecret, now: number): boolean {
  const metadata = secret.metadata.annotations ?? {};
  const keys = [pair.secret?.akKey ?? 'ak', pair.secret?.skKey ?? 'sk'];
  const until = metadata[annotations.previousValidUntil];
  const previous = until === undefined ? [] : ['previous-ak', 'previous-sk'];
  const token = needsToken(accessKey, pair, now) ? [tokenKeyOf(pair)] : [];
  const { ak, sk, previousAk, previousSk } = valuesOf(secret);
  return (
    isDeepStrictEqual(Object.keys(secret.data ?? {}).sort(), [...keys, ...previous, ...token].sort()) &&
    isUUID(ak) &&
    isUUID(sk) &&
    ak !== sk &&
    (until === undefined || (Date.parse(until) > now && isUUID(previousAk) && isUUID(previousSk)))
  );
}

/** The status that a pair with this Secret must have. */
function expectedStatus({
  accessKey: { spec },
  pair,
  secret,
  status: actual,
  now,
}: Pick<PairSituation, 'accessKey' | 'pair' | 'now'> & {
  secret: RawSecret;
  status: KeyPairStatus | undefined;
}): Partial<KeyPairStatus> {
  const metadata = secret.metadata.annotations ?? {};
  const { ak, previousAk } = valuesOf(secret);
  const validUntil = metadata[annotations.previousValidUntil];
  const createdAt = metadata[annotations.generatedAt] ?? '';
  const isExpired = pair.expiresAt !== undefined && Date.parse(pair.expiresAt) <= now;
  const isOff = spec.suspended === true || pair.enabled === false;
  const state = isOff ? 'Disabled' : isExpired ? 'Expired' : validUntil === undefined ? 'Active' : 'Rotating';
  const interval = Number.parseInt(pair.rotation?.interval ?? '', 10) * 3_600_000;
  const due = Date.parse(createdAt) + interval;
  // A rotation that was due when the interval was set is announced for later.
  const announced = Date.parse(actual?.nextRotationAt ?? '');
  const next = due <= now && announced > now && announced <= now + interval ? announced : due;
  return {
    name: pair.name,
    accessKey: ak,
    secretName: secret.metadata.name,
    state,
    revision: Number(metadata[annotations.revision]),
    createdAt,
    ...(!isOff && !isExpired && interval > 0 && { nextRotationAt: new Date(next).toISOString().replace('.000Z', 'Z') }),
    ...(validUntil !== undefined && { previous: { accessKey: previousAk, validUntil } }),
    ...(pair.expiresAt !== undefined && { expiresAt: pair.expiresAt }),
  };
}

/** Without the fields that depend on what happened before. */
function withoutHistory(status: KeyPairStatus | undefined): Partial<KeyPairStatus> {
  const { lastUsedTime: _, lastClientAddress: __, expiryWarningDays: ___, previous, ...rest } = status ?? {};
  const { accessKey = '', validUntil = '' } = previous ?? {};
  return { ...rest, ...(previous && { previous: { accessKey, validUntil } }) };
}
