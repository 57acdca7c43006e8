import { annotations } from '../../credential/secret-format.ts';
import type { SecretRecord } from '../../credential/secret-record.ts';
import { formatTokenRecord, tokenDigest } from '../../credential/token-record.ts';
import type { AccessKeyRecord } from '../model/access-key-record.ts';
import { pairOf } from '../model/pair-of.ts';
import { allPairs, type PairOutcome, type PairProblem, type PlanOutcome } from './outcome.ts';
import type { HeldFields } from './overrides.ts';
import type { Observed } from './plan.ts';
import { planToken, renewAtOf, type SecretTokens, type TokenStep, tokenRenewalAt } from './plan-token.ts';
import { combineProblems, writeProblem } from './problems.ts';
import type { Scope } from './scope.ts';
import { secretErrorOf } from './secret-errors.ts';
import { annotationField, dataField } from './secret-fields.ts';

/**
 * Updates the tokens in the Secrets of a reconciled AccessKey. If it does not hold its user, its Secrets are kept, but
 * their tokens are removed.
 *
 * @throws like `apply`
 */
export async function applyTokens(
  scope: Scope,
  outcome: PlanOutcome,
  { userHolder, secrets, tokens, held }: Pick<Observed, 'userHolder' | 'secrets'> & TokenOptions,
): Promise<PlanOutcome> {
  const holdsUser = userHolder === scope.accessKey.key;
  const kept = holdsUser ? [] : secrets.flatMap((secret) => withoutToken(scope.accessKey, secret) ?? []);
  const results: PairOutcome[] = [];
  for (const one of allPairs({ ...outcome, kept })) {
    const changed = await applyToken(scope, one, { tokens, held });
    if (changed) scope.progress.changed(changed);
    const problem = combineProblems(one.problem, changed?.problem);
    results.push({ ...one, ...(changed?.secret && { secret: changed.secret }), ...(problem && { problem }) });
  }
  const count = outcome.pairs.length;
  return { ...outcome, pairs: results.slice(0, count), ...(kept.length > 0 && { kept: results.slice(count) }) };
}

/** The outcome of a pair that stays in its Secret, as if its spec had no token. */
function withoutToken(accessKey: AccessKeyRecord, secret: SecretRecord): PairOutcome | undefined {
  const spec = secret.deleting ? undefined : pairOf(accessKey, secret);
  if (!spec) return undefined;
  const { token: _, ...pair } = spec;
  return { pair, secretName: secret.name, secret, change: 'none' };
}

export interface TokenOptions {
  tokens: SecretTokens;
  /** Fields that must not be written now. */
  held: HeldFields;
}

/**
 * Issues, renews or removes the token in the Secret that holds a reconciled pair, also if the pair has a problem, such as a
 * taken Secret name.
 *
 * @returns the outcome for the token alone: with the changed Secret, or with a problem if the token cannot be changed;
 * undefined if nothing is to be written
 * @throws like `apply`
 */
export async function applyToken(
  { api, accessKey, now }: Pick<Scope, 'api' | 'accessKey' | 'now'>,
  outcome: PairOutcome,
  { tokens, held }: TokenOptions,
): Promise<PairOutcome | undefined> {
  const { pair, secret, problem } = outcome;
  if (!secret?.pair) return undefined;
  // The next attempt writes the pair first.
  if (problem?.reason === 'SecretFailed' && outcome.secretName === secret.name) return undefined;
  const step = planToken({ accessKey, pair, secret, tokens, now });
  const fields = held.get(secret.name);
  if (step.kind === 'keep' || fields?.has(annotationField(annotations.token))) return undefined;
  if (step.kind === 'issue' && fields?.has(dataField(step.key))) return undefined;
  const unchanged = { pair, secretName: secret.name, secret, change: 'none' as const };
  if (step.kind === 'wait') return { ...unchanged, problem: missingKeys(secret.name) };
  if (secret.immutable) return { ...unchanged, problem: immutable(secret.name) };
  try {
    return { ...unchanged, ...(await write({ api, accessKey, now }, secret, step, tokens)) };
  } catch (error) {
    const { name: secretName } = secret;
    return { ...unchanged, problem: writeProblem({ error: secretErrorOf(error), secretName, immutable: false }) };
  }
}

function missingKeys(secretName: string): PairProblem {
  const message = `there are no signing keys, so the token in Secret ${secretName} cannot be issued`;
  return { reason: 'SigningKeysMissing', message };
}

function immutable(secretName: string): PairProblem {
  const message = `cannot write the token in Secret ${secretName}: it is immutable; delete it to get a new key pair`;
  return { reason: 'SecretFailed', message, stalled: true };
}

/** A step that changes the Secret. */
type WriteStep = Extract<TokenStep, { kind: 'issue' | 'remove' }>;

async function write(
  { api, accessKey, now }: Pick<Scope, 'api' | 'accessKey' | 'now'>,
  secret: SecretRecord,
  step: WriteStep,
  tokens: SecretTokens,
): Promise<Pick<PairOutcome, 'secret' | 'write'>> {
  await api.confirm(accessKey);
  const { annotation, data } = await contentOf(step, tokens);
  const metadata = { labels: {}, annotations: { [annotations.token]: annotation } };
  const { record, reverted } = await api.patch(secret, { metadata, data });
  // Writing the same inputs repeatedly means that something else reverts the token; a renewal has another time.
  const renewAt = tokenRenewalAt(secret);
  const isRenewal = renewAt !== undefined && renewAt <= now;
  const value = step.kind === 'issue' ? `${step.inputs} ${isRenewal ? now : ''}` : null;
  const repaired = [{ field: annotationField(annotations.token), value }];
  return { secret: record, write: { repaired, reverted } };
}

async function contentOf(step: WriteStep, tokens: SecretTokens) {
  const former = step.formerKey === undefined ? {} : { [step.formerKey]: null };
  if (step.kind === 'remove') return { annotation: null, data: former };
  const signed = await tokens.issue(step.request);
  const { token, kid } = signed;
  const { issuedAt } = signed;
  const record = { key: step.key, digest: tokenDigest(token), kid, inputs: step.inputs, issuedAt };
  return {
    annotation: formatTokenRecord({ ...record, renewAt: renewAtOf(signed, step.request) }),
    data: { ...former, [step.key]: Buffer.from(token).toString('base64') },
  };
}
