/** Decides whether a measurement grows over the second half of a run. Pure. */

/** One measurement over time, at equal intervals. */
export interface Series {
  name: string;
  values: readonly number[];
  /** Growth that is allowed in addition to the relative one, in the unit of the values. */
  slack: number;
  /** Allowed growth relative to the third quarter. Default: 0.05. */
  share?: number;
}

/**
 * Compares the medians of the third and the last quarter. The median ignores single peaks, such as those after a restart
 * of the API server.
 *
 * @returns a text about the growth, or undefined if the measurement is flat
 */
export function growthOf({ name, values, slack, share = 0.05 }: Series): string | undefined {
  const quarter = Math.floor(values.length / 4);
  if (quarter === 0) return `${name}: too few samples (${values.length})`;
  const [third, last] = [values.slice(-2 * quarter, -quarter), values.slice(-quarter)].map(median) as [number, number];
  const limit = third * (1 + share) + slack;
  return last > limit
    ? `${name} grows: ${third} in the third quarter, ${last} in the last (limit ${Math.round(limit)})`
    : undefined;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
