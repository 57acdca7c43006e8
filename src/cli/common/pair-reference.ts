/** How commands name a key pair: `NAME/PAIR`, or `NAME` if the AccessKey has one; pure. */
import { type AccessKeyRecord, type KeyPairSpec, pairSpecOf } from '../../accesskey/model/access-key-record.ts';
import { isDnsLabel, isDnsSubdomain } from '../../kube/names.ts';
import { CliError } from './failure.ts';

export interface PairReference {
  /** Name of the AccessKey. */
  name: string;
  /** Name of the key pair; undefined if it was not given. */
  pair: string | undefined;
}

/** @throws CliError if the text is not a name, or not a name and a pair */
export function parsePairReference(text: string): PairReference {
  // As `-o name` prints them.
  const [name = '', pair, ...rest] = text.replace(/^accesskeys?\.ghippo\.io\//, '').split('/');
  if (!isDnsSubdomain(name)) throw new CliError(`invalid name "${name}": must be the name of an AccessKey`);
  if (rest.length > 0 || (pair !== undefined && !isDnsLabel(pair))) {
    throw new CliError(`invalid key pair "${text}": must be NAME or NAME/PAIR`);
  }
  return { name, pair };
}

/**
 * @returns the key pair that a reference means
 * @throws CliError if there is no such pair, or if the reference names none and there are several
 */
export function choosePair(accessKey: Pick<AccessKeyRecord, 'name' | 'spec'>, pair: string | undefined): KeyPairSpec {
  const { name, spec } = accessKey;
  const pairs = spec.keyPairs ?? [];
  const existing = pairs.length === 0 ? 'it has no key pair' : `it has ${pairs.map((one) => one.name).join(' and ')}`;
  if (pair !== undefined) {
    const named = pairSpecOf(accessKey, pair);
    if (named) return named;
    throw new CliError(`key pair "${pair}" of AccessKey "${name}" not found: ${existing}`);
  }
  const [only] = pairs;
  if (only && pairs.length === 1) return only;
  const hint = only ? `name one, such as ${name}/${only.name}` : `kubectl accesskey create ${name}/PAIR adds one`;
  throw new CliError(`AccessKey "${name}" does not have exactly one key pair: ${existing}`, { hint });
}
