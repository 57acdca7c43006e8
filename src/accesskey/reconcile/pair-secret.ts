/**
 * The steps on a Secret that holds a pair, or should: each reads it as it is and writes it with that as the precondition.
 */
import type { SecretRecord } from '../../credential/secret-record.ts';
import { type AccessKeyRecord, type KeyPairSpec, pairStatusOf } from '../model/access-key-record.ts';
import { type PairFacts, pairFacts, withoutEndedPrevious } from '../model/pair-facts.ts';
import {
  dataPatch,
  desiredData,
  desiredMetadata,
  metadataPatch,
  type SecretPatch,
  type SecretValues,
} from './desired-secret.ts';
import type { PairOutcome, Scope } from './outcome.ts';
import type { PairAction } from './plan.ts';
import { findPair, keptValues, newPair, withFound } from './secret-content.ts';

type Rotate = { pair: KeyPairSpec } & Extract<PairAction, { kind: 'rotate' }>;

/** Makes the Secret as the spec wants it; its pair stays. */
export async function update(
  scope: Scope,
  { pair, secret, facts }: PairAction & { kind: 'update' },
): Promise<PairOutcome> {
  const live = await scope.api.readAsRecorded(secret);
  const found = findPair(live, secret, pair, knownAk(scope, pair));
  return found ? keep(scope, pair, secret, keptValues(live, found, facts), facts) : renew(scope, pair, secret);
}

/** Makes a new pair in the same Secret; the former one may work on for the overlap. */
export async function rotate(scope: Scope, { pair, secret, cause }: Rotate): Promise<PairOutcome> {
  const live = await scope.api.readAsRecorded(secret);
  const { values, facts } = newPair(pair, findPair(live, secret, pair, knownAk(scope, pair)), scope.now);
  const written = await scope.api.patch(secret, changeOf(scope.accessKey, pair, secret, values, facts));
  return { pair, secretName: secret.name, secret: written, change: 'rotated', cause };
}

function knownAk({ accessKey }: Scope, pair: KeyPairSpec): string | undefined {
  return pairStatusOf(accessKey, pair.name)?.accessKey;
}

/** Notes that are lost may be why no pair was found, so it is looked for under the keys of the spec before. */
export async function regenerate(
  scope: Scope,
  { pair, secret }: { kind: 'regenerate'; pair: KeyPairSpec; secret: SecretRecord },
): Promise<PairOutcome> {
  const live = await scope.api.readAsRecorded(secret);
  const found = findPair(live, secret, pair, knownAk(scope, pair));
  if (!found) return renew(scope, pair, secret);
  const known = pairFacts(scope.accessKey, pair, withFound(secret, found), scope.now);
  const facts = withoutEndedPrevious(known, scope.now);
  return keep(scope, pair, secret, keptValues(live, found, facts), facts);
}

async function keep(
  { api, accessKey }: Scope,
  pair: KeyPairSpec,
  secret: SecretRecord,
  values: SecretValues,
  facts: PairFacts,
): Promise<PairOutcome> {
  const written = await api.patch(secret, changeOf(accessKey, pair, secret, values, facts));
  return { pair, secretName: secret.name, secret: written, change: 'updated' };
}

/** There was no pair, so there is no previous one either. */
async function renew({ api, accessKey, now }: Scope, pair: KeyPairSpec, secret: SecretRecord): Promise<PairOutcome> {
  const { values, facts } = newPair(pair, undefined, now);
  const written = await api.patch(secret, changeOf(accessKey, pair, secret, values, facts));
  return { pair, secretName: secret.name, secret: written, change: 'regenerated', malformed: secret.malformed };
}

function changeOf(
  accessKey: AccessKeyRecord,
  pair: KeyPairSpec,
  secret: SecretRecord,
  values: SecretValues,
  facts: PairFacts,
): Partial<SecretPatch> {
  const metadata = metadataPatch(secret, desiredMetadata(accessKey, pair, facts));
  return { ...(metadata && { metadata }), data: dataPatch(secret, desiredData(pair, values)) };
}
