type Labels = Readonly<Record<string, string>>;

/** Counts the objects that have each label key, so that an unknown key needs no search. */
export interface LabelCounts {
  add(labels: Labels): void;
  /** @param labels of an object that was added */
  remove(labels: Labels): void;
  has(key: string): boolean;
}

export function createLabelCounts(): LabelCounts {
  const counts = new Map<string, number>();
  return {
    add(labels) {
      for (const key of Object.keys(labels)) counts.set(key, (counts.get(key) ?? 0) + 1);
    },
    remove(labels) {
      for (const key of Object.keys(labels)) {
        const left = (counts.get(key) ?? 0) - 1;
        if (left > 0) counts.set(key, left);
        else counts.delete(key);
      }
    },
    has: (key) => counts.has(key),
  };
}
