import type { Condition } from './condition.ts';
import type { DeploymentRecord } from './record.ts';

/** The conditions on one label. */
interface LabelConditions {
  readonly accepts: (value: string) => boolean;
  /** Whether a Deployment without the label is rejected. */
  readonly isRequired: boolean;
}

/**
 * Combines conditions so that the labels of a Deployment are read once. Deployments have few labels, a selector may name
 * many.
 *
 * @param conditions each on a label
 * @returns whether the labels meet all conditions
 */
export function combineLabelConditions(
  conditions: readonly Condition[],
): (labels: DeploymentRecord['labels']) => boolean {
  const byLabel = new Map<string, LabelConditions>();
  for (const [label = '', all] of Map.groupBy(conditions, ({ field }) => field.label)) {
    byLabel.set(label, {
      accepts: (value) => all.every((one) => one.accepts(value)),
      isRequired: all.some((one) => !one.accepts(undefined)),
    });
  }
  const required = [...byLabel.values()].filter(({ isRequired }) => isRequired).length;
  return (labels) => {
    let found = 0;
    for (const label of Object.keys(labels)) {
      const one = byLabel.get(label);
      if (!one) continue;
      if (!one.accepts(labels[label] ?? '')) return false;
      if (one.isRequired) found += 1;
    }
    return found === required;
  };
}
