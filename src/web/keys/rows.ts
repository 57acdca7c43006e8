import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { type KeyPairEdit, managerOfAction, revisionOf } from '../../accesskey/change/edit-pairs.ts';
import { managementOf } from '../../accesskey/change/managed-fields.ts';
import {
  type KeyPairSpec,
  type KeyPairState,
  lastUseOf,
  pairStatusOf,
  stalledConditionOf,
} from '../../accesskey/model/access-key-record.ts';
import type { ConsoleError } from '../common/console-error.ts';
import { whyNotAdd } from './pair-list.ts';

/** A row of the table: one pair. Times are RFC 3339. */
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
  /** The tools that prevent an action. */
  managers: Readonly<Partial<Record<KeyPairEdit, string>>>;
}

export interface KeyTable {
  rows: readonly KeyRow[];
  /** metadata.generation. Forms submit it, so that a concurrent change of the spec is detected. */
  generation: number;
  /** The tool that manages the whole list. */
  listManager: string | undefined;
  /** Why no pair can be added, undefined if one can. */
  cannotAdd: ConsoleError | undefined;
  suspended: boolean;
  /** The message of the condition Stalled. */
  problem: string | undefined;
}

const actions = ['rotate', 'enable', 'disable', 'edit', 'revoke', 'delete'] as const;

/**
 * Combines spec and status of an AccessKey into the table.
 *
 * @param now milliseconds since the epoch
 */
export function keyTable(fetched: FetchedAccessKey, now: number): KeyTable {
  const management = managementOf(fetched.managedFields);
  const keyPairs = fetched.spec.keyPairs ?? [];
  return {
    rows: keyPairs.map((pair) => {
      const managed = actions.flatMap((action) => {
        const manager = managerOfAction(management, pair.name, action);
        return manager === undefined ? [] : [[action, manager] as const];
      });
      return { ...toRow(fetched, pair, now), managers: Object.fromEntries(managed) };
    }),
    generation: fetched.generation,
    listManager: management.list,
    cannotAdd: whyNotAdd(keyPairs),
    suspended: fetched.spec.suspended === true,
    problem: stalledConditionOf(fetched)?.message,
  };
}

function toRow(fetched: FetchedAccessKey, pair: KeyPairSpec, now: number): Omit<KeyRow, 'managers'> {
  const status = pairStatusOf(fetched, pair.name);
  return {
    name: pair.name,
    description: pair.description,
    state: status?.state ?? 'Pending',
    ak: status?.accessKey,
    createdAt: status?.createdAt,
    expiresAt: pair.expiresAt,
    lastUsedAt: status && lastUseOf(status, now),
    nextRotationAt: status?.nextRotationAt,
    previousUntil: status?.state === 'Rotating' ? status.previous?.validUntil : undefined,
    revision: revisionOf(fetched, pair),
    enabled: pair.enabled !== false,
  };
}
