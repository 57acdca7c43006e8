/** The rows of `list`: one for each key pair; pure. */
import {
  type AccessKeyRecord,
  conditionOf,
  type KeyPairSpec,
  lastUseOf,
  pairStatusOf,
  secretNameOf,
} from '../../accesskey/model/access-key-record.ts';
import { parseTime } from '../../accesskey/model/time.ts';
import { humanDuration, relativeTime } from '../common/human-time.ts';
import type { Style } from '../common/style.ts';
import type { Cell, Column } from '../common/table.ts';

export interface RowOptions {
  /** Milliseconds since the epoch. */
  now: number;
  style: Style;
  /** Adds the columns of `-o wide`. */
  wide: boolean;
  /** Adds the namespace. */
  allNamespaces: boolean;
}

const none = '<none>';

const columns: readonly Column[] = [
  { title: 'NAME' },
  { title: 'USER' },
  { title: 'STATE' },
  { title: 'EXPIRES' },
  { title: 'LAST USED' },
  { title: 'AGE' },
  { title: 'AK', wide: true },
  { title: 'SECRET', wide: true },
  { title: 'NEXT ROTATION', wide: true },
  { title: 'PREVIOUS PAIR ENDS', wide: true },
  { title: 'MESSAGE', wide: true },
];

export function headerOf(options: Pick<RowOptions, 'wide' | 'allNamespaces'>): Cell[] {
  const titles = columns.filter((one) => options.wide || !one.wide).map(({ title }) => ({ text: title }));
  return options.allNamespaces ? [{ text: 'NAMESPACE' }, ...titles] : titles;
}

/** @returns the rows of an AccessKey: one for each key pair, or one without a state if it has none */
export function rowsOf(accessKey: AccessKeyRecord, options: RowOptions): Cell[][] {
  const pairs = accessKey.spec.keyPairs ?? [];
  const rows = pairs.length === 0 ? [rowWithoutPair(accessKey)] : pairs.map((one) => rowOf(accessKey, one, options));
  return rows.map((row) => {
    const cells = row.filter((_, at) => options.wide || !columns[at]?.wide);
    return options.allNamespaces ? [{ text: accessKey.namespace }, ...cells] : cells;
  });
}

function rowWithoutPair(accessKey: AccessKeyRecord): Cell[] {
  const blank = columns.slice(2, -1).map(() => none);
  return [accessKey.name, accessKey.spec.user.name, ...blank, readyMessage(accessKey)].map((text) => ({ text }));
}

function rowOf(accessKey: AccessKeyRecord, pair: KeyPairSpec, { now, style }: RowOptions): Cell[] {
  const status = pairStatusOf(accessKey, pair.name);
  const createdAt = parseTime(status?.createdAt);
  const texts = [
    relativeTime(pair.expiresAt, now, 'never'),
    relativeTime(status && lastUseOf(status, now), now, 'never'),
    createdAt === undefined ? none : humanDuration(now - createdAt),
    status?.accessKey ?? none,
    secretNameOf(accessKey, pair),
    relativeTime(status?.nextRotationAt, now, none),
    relativeTime(status?.previous?.validUntil, now, none),
    readyMessage(accessKey),
  ];
  return [
    { text: `${accessKey.name}/${pair.name}` },
    { text: accessKey.spec.user.name },
    stateCell(status?.state ?? 'Pending', style),
    ...texts.map((text) => ({ text })),
  ];
}

/** Colors of the states that a person should notice. */
const stateColors = { Active: 'green', Rotating: 'cyan', Disabled: 'dim', Pending: 'yellow' } as const;

export function stateCell(state: string, style: Style): Cell {
  const color = stateColors[state as keyof typeof stateColors] ?? 'red';
  return { text: state, color: (text) => style(color, text) };
}

function readyMessage(accessKey: AccessKeyRecord): string {
  return conditionOf(accessKey, 'Ready')?.message ?? none;
}
