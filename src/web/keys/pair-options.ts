/** The optional settings of a pair as texts in the form; pure. The schema of the CRD has the same rules. */

import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { managementOf, type PairField } from '../../accesskey/change/managed-fields.ts';
import { dataKeysOf, type KeyPairSpec, tokenDefaults } from '../../accesskey/model/access-key-record.ts';
import { previousKeys } from '../../credential/secret-format.ts';
import { durationMs } from '../../kube/duration.ts';
import type { Form } from '../common/form.ts';
import type { MessageKey } from '../common/language.ts';
import { areNetworks, isTokenLifetime, parseList } from './token-limits.ts';

/** Each option with the field of the pair that contains it. */
const fieldOf = {
  interval: 'rotation',
  maxOverlap: 'rotation',
  tokenLifetime: 'tokenLifetime',
  allowedCIDRs: 'allowedCIDRs',
  tokenKey: 'token',
  tokenValidFor: 'token',
  tokenAudience: 'token',
} as const satisfies Record<string, PairField>;

export type PairOption = keyof typeof fieldOf;
export const pairOptions = Object.keys(fieldOf) as readonly PairOption[];

/** The text of each option: empty if unset, undefined if the form does not have the field. */
export type OptionTexts = Record<PairOption, string | undefined>;

const minIntervalMs = 3_600_000;

/** @returns the texts of a form; undefined for each field that it does not have */
export function readOptions(form: Form): OptionTexts {
  return mapOptions((option) => (form.all(option).length === 0 ? undefined : (form.text(option) ?? '')));
}

/** @returns the texts that show the options of a pair */
export function optionsOf({
  rotation,
  token,
  tokenLifetime = '',
  allowedCIDRs = [],
}: KeyPairSpec): Record<PairOption, string> {
  return {
    interval: rotation?.interval ?? '',
    maxOverlap: rotation?.maxOverlap ?? '',
    tokenLifetime,
    allowedCIDRs: allowedCIDRs.join('\n'),
    tokenKey: token ? (token.key ?? tokenDefaults.key) : '',
    tokenValidFor: token?.validFor ?? '',
    tokenAudience: token?.audience ?? '',
  };
}

/** @returns `value` of each option */
export function mapOptions<T>(value: (option: PairOption) => T): Record<PairOption, T> {
  return Object.fromEntries(pairOptions.map((option) => [option, value(option)])) as Record<PairOption, T>;
}

/** What the options of a pair depend on. */
export interface OptionContext {
  /** The overlap that the form selects or the pair has. */
  overlap: string | undefined;
  /** The audiences of the AccessKey. */
  audiences: readonly string[];
  /** The pair; undefined for a new one. */
  pair?: KeyPairSpec | undefined;
}

/** @returns the message of each invalid option */
export function optionProblems(texts: OptionTexts, context: OptionContext): OptionProblems {
  const { tokenLifetime, allowedCIDRs = '' } = texts;
  return {
    ...rotationProblems(texts, durationMs(context.overlap)),
    ...(tokenLifetime && !isTokenLifetime(tokenLifetime) && { tokenLifetime: 'badTokenLifetime' }),
    ...(!areNetworks(parseList(allowedCIDRs)) && { allowedCIDRs: 'badNetworks' }),
    ...tokenProblems(texts, context),
  };
}

type OptionProblems = Partial<Record<PairOption, MessageKey>>;

function rotationProblems({ interval = '', maxOverlap = '' }: OptionTexts, overlapMs: number): OptionProblems {
  const intervalMs = interval === '' ? Number.POSITIVE_INFINITY : durationMs(interval);
  const isInterval = interval.length <= 21 && intervalMs >= minIntervalMs && intervalMs > overlapMs;
  const limit = durationMs(maxOverlap);
  const isShorter = !isInterval || limit < intervalMs;
  const isLimit = maxOverlap.length <= 21 && overlapMs > 0 && limit >= overlapMs && isShorter;
  return {
    ...(!isInterval && { interval: 'badInterval' }),
    ...(maxOverlap !== '' && !isLimit && { maxOverlap: 'badMaxOverlap' }),
  };
}

function tokenProblems(texts: OptionTexts, { audiences, pair }: OptionContext): OptionProblems {
  const { tokenKey = '', tokenValidFor = '', tokenAudience = '' } = texts;
  const isIncomplete = tokenKey === '' && (tokenValidFor !== '' || tokenAudience !== '');
  const isKey = tokenKey === '' || isTokenKey(tokenKey, pair ?? { name: '' });
  return {
    ...(isIncomplete && { tokenKey: 'missingTokenKey' }),
    ...(!isKey && { tokenKey: 'badTokenKey' }),
    ...(tokenValidFor !== '' && !isTokenLifetime(tokenValidFor) && { tokenValidFor: 'badTokenValidFor' }),
    ...(tokenAudience !== '' && !audiences.includes(tokenAudience) && { tokenAudience: 'badTokenAudience' }),
  };
}

/** Whether a text is a key of a Secret that holds nothing else. */
function isTokenKey(text: string, pair: KeyPairSpec): boolean {
  const { ak, sk } = dataKeysOf(pair);
  const taken = [ak, sk, previousKeys.ak, previousKeys.sk, '.'];
  return /^[-._a-zA-Z0-9]{1,253}$/.test(text) && !text.startsWith('..') && !taken.includes(text);
}

/** @returns the pair with these options; undefined: unchanged, empty: removed */
export function withOptions(pair: KeyPairSpec, texts: Partial<OptionTexts>): KeyPairSpec {
  const { rotation: _, tokenLifetime: __, allowedCIDRs: ___, token: ____, ...rest } = pair;
  const current = optionsOf(pair);
  const text = mapOptions((option) => texts[option] ?? current[option]);
  const { interval: _interval, maxOverlap: _maxOverlap, ...others } = pair.rotation ?? {};
  const rotation = {
    ...others,
    ...(text.interval && { interval: text.interval }),
    ...(text.maxOverlap && { maxOverlap: text.maxOverlap }),
  };
  const networks = parseList(text.allowedCIDRs);
  return {
    ...rest,
    ...(Object.keys(rotation).length > 0 && { rotation }),
    ...(text.tokenLifetime && { tokenLifetime: text.tokenLifetime }),
    ...(networks.length > 0 && { allowedCIDRs: networks }),
    ...(text.tokenKey && { token: tokenOf(text) }),
  } as KeyPairSpec;
}

function tokenOf({ tokenKey, tokenValidFor, tokenAudience }: Record<PairOption, string>): KeyPairSpec['token'] {
  return {
    key: tokenKey,
    ...(tokenValidFor && { validFor: tokenValidFor }),
    ...(tokenAudience && { audience: tokenAudience }),
  };
}

/** @returns the options that another tool manages */
export function managedOptions({ managedFields }: Pick<FetchedAccessKey, 'managedFields'>, pair: string): PairOption[] {
  const management = managementOf(managedFields);
  return pairOptions.filter((option) => management.field(pair, fieldOf[option]) !== undefined);
}
