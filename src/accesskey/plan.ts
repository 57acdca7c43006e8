import { accessKeyLabel, keyPairLabel, managedBy, type SecretRecord } from '../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairSpec, secretNameOf } from './access-key-record.ts';

/** What a reconcile pass looks at. */
export interface Observed {
  accessKey: AccessKeyRecord;
  /** The AccessKey is deleted or its namespace terminates: its Secrets are the garbage collector's. */
  stopped: boolean;
  /** namespace/name of the AccessKey that holds the claim on the user; undefined when none does. */
  claimHolder: string | undefined;
  /** The Secrets that this AccessKey controls, as the watch last told. */
  secrets: readonly SecretRecord[];
}

/** What is to be done for one pair; `keep` is nothing. */
export type PairAction =
  | { kind: 'keep'; pair: KeyPairSpec; secret: SecretRecord }
  /** Labels were lost. The pair stays. */
  | { kind: 'repair'; pair: KeyPairSpec; secret: SecretRecord }
  /** The data holds no pair: make a new one in the same Secret. */
  | { kind: 'regenerate'; pair: KeyPairSpec; secret: SecretRecord }
  /** No Secret is known; with `from`, the pair moves over from the Secret of its former name. */
  | { kind: 'create'; pair: KeyPairSpec; secretName: string; from?: SecretRecord };

export interface Plan {
  pairs: readonly PairAction[];
  /** Secrets of ours that no pair needs any more. */
  remove: readonly SecretRecord[];
}

/**
 * Decides what the Secrets need. Pure: the same observation gives the same plan, and a plan that was carried out leads
 * to one that does nothing.
 *
 * An AccessKey without the claim on its user makes no Secret; those it has stay, since a pair is never taken away
 * because of somebody else's object. They are no live pairs (live-pairs.ts).
 */
export function plan({ accessKey, claimHolder, secrets, stopped }: Observed): Plan {
  if (stopped || claimHolder !== accessKey.key) return { pairs: [], remove: [] };
  const pairs = accessKey.spec.keyPairs ?? [];
  return {
    pairs: pairs.map((pair) => planPair(accessKey, pair, secrets)),
    remove: secrets.filter((secret) => isLeftOver(accessKey, secret, secrets)),
  };
}

/** The labels that each Secret of a pair must have. */
export function labelsOf(accessKey: Pick<AccessKeyRecord, 'name'>, pair: KeyPairSpec): Record<string, string> {
  return { [managedBy.label]: managedBy.value, [accessKeyLabel]: accessKey.name, [keyPairLabel]: pair.name };
}

/** What an existing Secret of ours needs to serve its pair. */
export function planSecret(accessKey: AccessKeyRecord, pair: KeyPairSpec, secret: SecretRecord): PairAction {
  if (secret.malformed.length > 0) return { kind: 'regenerate', pair, secret };
  const labelled = Object.entries(labelsOf(accessKey, pair)).every(([name, value]) => secret.labels[name] === value);
  return { kind: labelled ? 'keep' : 'repair', pair, secret };
}

function planPair(accessKey: AccessKeyRecord, pair: KeyPairSpec, secrets: readonly SecretRecord[]): PairAction {
  const secretName = secretNameOf(accessKey, pair);
  const secret = secrets.find((one) => one.name === secretName);
  if (secret) return planSecret(accessKey, pair, secret);
  const from = secrets.find((one) => one.labels[keyPairLabel] === pair.name && one.malformed.length === 0);
  return { kind: 'create', pair, secretName, ...(from && { from }) };
}

/** A Secret of a removed pair, or of a pair's former name once the Secret of the new name is there. */
function isLeftOver(accessKey: AccessKeyRecord, secret: SecretRecord, secrets: readonly SecretRecord[]): boolean {
  const pairs = accessKey.spec.keyPairs ?? [];
  if (pairs.some((pair) => secretNameOf(accessKey, pair) === secret.name)) return false;
  const pair = pairs.find((one) => one.name === secret.labels[keyPairLabel]);
  return !pair || secrets.some((one) => one.name === secretNameOf(accessKey, pair));
}
