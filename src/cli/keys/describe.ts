/** The text of `get`: an AccessKey and its key pairs in words; pure. */
import {
  type AccessKeyRecord,
  type Condition,
  type KeyPairSpec,
  type KeyPairStatus,
  lastUseOf,
  pairStatusOf,
  secretNameOf,
} from '../../accesskey/model/access-key-record.ts';
import { printable } from '../../kube/printable.ts';
import { relativeTime } from '../common/human-time.ts';
import type { Style } from '../common/style.ts';
import { type Cell, formatFields } from '../common/table.ts';
import { stateCell } from './pair-rows.ts';

export interface DescribeOptions {
  /** Milliseconds since the epoch. */
  now: number;
  style: Style;
  /** Only this key pair; undefined for all. */
  pair: string | undefined;
}

type Field = readonly [string, Cell];

/** @returns the lines of an AccessKey, its key pairs and its conditions */
export function describe(accessKey: AccessKeyRecord, options: DescribeOptions): string[] {
  const pairs = (accessKey.spec.keyPairs ?? []).filter(({ name }) => (options.pair ?? name) === name);
  return [
    ...formatFields(fieldsOf(accessKey, options)),
    ...pairs.flatMap((one) => [
      '',
      printable(`Key pair ${one.name}:`),
      ...formatFields(pairFields(accessKey, one, options), '  '),
    ]),
    '',
    ...conditionLines(accessKey.status.conditions ?? [], options.style),
  ];
}

function fieldsOf(
  { name, namespace, creationTimestamp, spec, status }: AccessKeyRecord,
  { now, style }: DescribeOptions,
): Field[] {
  const groups = spec.user.groups ?? [];
  const accounts = spec.serviceAccounts ?? [];
  return present([
    ['Name', name],
    ['Namespace', namespace],
    ['User', spec.user.name],
    ['User ID', status.userID],
    ['Groups', groups.join(', ')],
    ['ServiceAccounts', accounts.join(', ')],
    ['Created', timeText(creationTimestamp, now)],
  ]).concat(
    spec.suspended
      ? [['Suspended', { text: 'yes: no key pair can get tokens', color: (text) => style('red', text) }]]
      : [],
  );
}

function pairFields(accessKey: AccessKeyRecord, pair: KeyPairSpec, { now, style }: DescribeOptions): Field[] {
  const status = pairStatusOf(accessKey, pair.name);
  const { previous, ...current } = status ?? {};
  const state: Field = ['State', stateCell(status?.state ?? 'Pending', style)];
  return [
    state,
    ...present([
      ['Description', pair.description],
      ['AK', status?.accessKey],
      ['Secret', secretNameOf(accessKey, pair)],
      ['Created', timeText(status?.createdAt, now)],
      ['Expires', timeText(pair.expiresAt, now) ?? 'never'],
      ['Last used', lastUse(current, now)],
      ['Next rotation', timeText(status?.nextRotationAt, now)],
      ['Token lifetime', pair.tokenLifetime],
      ['Tokens revoked', timeText(pair.tokensNotBefore, now)],
      ['Allowed from', pair.allowedCIDRs?.join(', ')],
      ['Previous AK', previous?.accessKey],
      ['Previous ends', timeText(previous?.validUntil, now)],
      ['Previous used', previous && lastUse(previous, now)],
    ]),
  ];
}

/** The last use of a pair without that of its previous pair, which has its own line. */
function lastUse(use: Pick<KeyPairStatus, 'lastUsedTime' | 'lastClientAddress'>, now: number): string {
  const time = timeText(lastUseOf(use, now), now);
  if (time === undefined) return 'never';
  return use.lastClientAddress === undefined ? time : `${time} from ${use.lastClientAddress}`;
}

function timeText(time: string | undefined, now: number): string | undefined {
  return time === undefined ? undefined : `${time} (${relativeTime(time, now, 'invalid')})`;
}

function present(fields: readonly (readonly [string, string | undefined])[]): Field[] {
  return fields.flatMap(([name, text]) => (text === undefined || text === '' ? [] : [[name, { text }] as const]));
}

/** Conditions that are a problem if they are true; Ready is one if it is not. */
const problems = new Set(['Stalled', 'Overridden', 'ExpiresSoon']);

function conditionLines(conditions: readonly Condition[], style: Style): string[] {
  if (conditions.length === 0) return ['The operator has not seen this AccessKey yet.'];
  return conditions
    .filter(({ type, status }) => type === 'Ready' || status === 'True')
    .map(({ type, status, reason, message }) => {
      const isProblem = type === 'Ready' ? status !== 'True' : problems.has(type);
      const title = status === 'True' ? type : `Not ${type.toLowerCase()}`;
      return `${style(isProblem ? 'red' : 'green', printable(title))}: ${printable(`${message} (${reason})`)}`;
    });
}
