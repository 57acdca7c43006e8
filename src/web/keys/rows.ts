import { type KeyPairState, pairStatusOf } from '../../accesskey/model/access-key-record.ts';
import type { RefusedError } from '../common/refused-error.ts';
import type { LiveAccessKey } from './api.ts';
import { addingRefused } from './edits.ts';
import { type KeyPairEdit, managementOf, managerOf } from './managed-fields.ts';

/** A pair as the table shows it. Times are RFC 3339. */
export interface KeyRow {
  name: string;
  description: string | undefined;
  state: KeyPairState;
  ak: string | undefined;
  createdAt: string | undefined;
  expiresAt: string | undefined;
  lastUsedAt: string | undefined;
  nextRotationAt: string | undefined;
  previousUntil: string | undefined;
  revision: number;
  enabled: boolean;
  /** Who keeps an action from being done here. */
  managers: Readonly<Partial<Record<KeyPairEdit, string>>>;
}

export interface KeyTable {
  rows: readonly KeyRow[];
  /** Forms carry it, so that a change that came meanwhile is noticed: metadata.generation counts changes of the spec. */
  generation: number;
  /** Who keeps the list of pairs as a whole. */
  listManager: string | undefined;
  /** Why no pair can be added. */
  addingRefused: RefusedError | undefined;
  suspended: boolean;
  /** What is wrong with the AccessKey, in the words of its condition. */
  problem: string | undefined;
}

const actions = ['rotate', 'enable', 'disable', 'edit', 'delete'] as const;

/** What the table shows of an AccessKey: what is wanted, and what the status knows of it. */
export function keyTable(live: LiveAccessKey): KeyTable {
  const management = managementOf(live.managedFields);
  const keyPairs = live.spec.keyPairs ?? [];
  const stalled = live.status.conditions?.find((one) => one.type === 'Stalled' && one.status === 'True');
  return {
    rows: keyPairs.map((pair) => {
      const managed = actions.flatMap((action) => {
        const manager = managerOf(management, pair.name, action);
        return manager === undefined ? [] : [[action, manager] as const];
      });
      return { ...toRow(live, pair), managers: Object.fromEntries(managed) };
    }),
    generation: live.generation,
    listManager: management.list,
    addingRefused: addingRefused(keyPairs),
    suspended: live.spec.suspended === true,
    problem: stalled?.message,
  };
}

function toRow(
  live: LiveAccessKey,
  pair: NonNullable<LiveAccessKey['spec']['keyPairs']>[number],
): Omit<KeyRow, 'managers'> {
  const status = pairStatusOf(live, pair.name);
  return {
    name: pair.name,
    description: pair.description,
    state: status?.state ?? 'Pending',
    ak: status?.accessKey,
    createdAt: status?.createdAt,
    expiresAt: pair.expiresAt,
    lastUsedAt: status?.lastUsedTime,
    nextRotationAt: status?.nextRotationAt,
    previousUntil: status?.state === 'Rotating' ? status.previous?.validUntil : undefined,
    revision: pair.revision ?? 1,
    enabled: pair.enabled !== false,
  };
}
