/** The overlap of a rotation, as the forms offer it; pure. */

import type { FetchedAccessKey } from '../../accesskey/change/access-key-api.ts';
import { noOverlap } from '../../accesskey/change/edit-pairs.ts';
import { managementOf } from '../../accesskey/change/managed-fields.ts';
import type { KeyPairSpec } from '../../accesskey/model/access-key-record.ts';
import { durationMs } from '../../kube/duration.ts';

const offered = ['1h', '24h', '168h'];

/** The values that a form offers for the overlap of a pair. */
export interface OverlapChoice {
  /** The value in the spec, or noOverlap. */
  current: string;
  options: readonly string[];
  /** The enabled pair that rules out an overlap, because a pair with an overlap counts as two. */
  other: string | undefined;
  /** The tool that manages the rotation of the pair; the form then offers no choice. */
  manager: string | undefined;
}

export function overlapChoice(fetched: FetchedAccessKey, pair: KeyPairSpec): OverlapChoice {
  const current = durationMs(pair.rotation?.overlap) > 0 ? (pair.rotation?.overlap ?? noOverlap) : noOverlap;
  const other = fetched.spec.keyPairs?.find((one) => one.name !== pair.name && one.enabled !== false)?.name;
  const intervalMs = durationMs(pair.rotation?.interval) || Number.POSITIVE_INFINITY;
  const possible = other === undefined ? offered.filter((one) => durationMs(one) < intervalMs) : [];
  const options = [...new Set([noOverlap, ...possible, current])].sort((a, b) => durationMs(a) - durationMs(b));
  return { current, options, other, manager: managementOf(fetched.managedFields).field(pair.name, 'rotation') };
}
