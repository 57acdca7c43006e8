import type { DeploymentItem } from './kpanda/schema.ts';

/** Annotation of an item that is not complete: the paths of the parts that it lacks, separated by commas. */
export const omittedAnnotation = 'ghippo.io/omitted';
/** Largest text of an item, bytes. Deployments usually have 5 KiB, and etcd stores 1.5 MiB. */
export const maxTextSize = 256 * 1024;
/** Largest text of an item on a page that would be too large, bytes. */
export const maxBriefSize = 16 * 1024;
/** For the annotation, bytes: more than all paths together. */
const annotationSize = 1024;

/** The parts of an item whose size users choose, by their value if they are left out. */
const parts = {
  list: [
    'metadata.ownerReferences',
    'spec.template.spec.volumes',
    'spec.template.spec.initContainers',
    'spec.template.spec.containers',
    'spec.template.spec.ephemeralContainers',
    'spec.template.spec.tolerations',
    'status.conditions',
  ],
  map: ['metadata.labels', 'metadata.annotations'],
  message: ['spec.template.metadata', 'spec.template.spec.affinity', 'spec.strategy'],
} as const;
const emptyValues = { list: () => [], map: () => ({}), message: () => null };

interface Part {
  path: string;
  keys: readonly string[];
  empty: () => unknown;
}
/** Left out last. Everything else is small, unless a registered cluster sends it. */
const template: Part = { path: 'spec.template', keys: ['spec', 'template'], empty: emptyValues.message };
const allParts: readonly Part[] = (['list', 'map', 'message'] as const).flatMap((type) =>
  parts[type].map((path) => ({ path, keys: path.split('.'), empty: emptyValues[type] })),
);

/** The item as JSON (schema DeploymentItem), with limited size. */
export interface ItemTexts {
  /** `maxTextSize` at most, complete if possible. */
  text: string;
  /** `maxBriefSize` at most; the same as `text` if that is so small. */
  brief: string;
}

/**
 * Serializes an item. Anyone who may create Deployments in one namespace chooses their size, and projected lists are
 * several times as large, so the largest parts of a large item are left out. They then have their zero value, and an
 * annotation names them.
 */
export function textsOf(item: DeploymentItem): ItemTexts {
  const text = JSON.stringify(item);
  const size = Buffer.byteLength(text);
  if (size <= maxBriefSize) return { text, brief: text };
  const bySize = allParts
    .map((part) => ({ ...part, size: Buffer.byteLength(JSON.stringify(valueAt(item, part.keys) ?? null)) }))
    .sort((a, b) => b.size - a.size);
  const within = (maxSize: number) => JSON.stringify(without(item, largest(bySize, size - maxSize)));
  return { text: size <= maxTextSize ? text : within(maxTextSize), brief: within(maxBriefSize) };
}

/** @returns the largest parts, until they have `excess` bytes and those of the annotation */
function largest(bySize: readonly (Part & { size: number })[], excess: number): Part[] {
  const chosen: Part[] = [];
  let left = excess + annotationSize;
  for (const part of bySize) {
    if (left <= 0) return chosen;
    chosen.push(part);
    left -= part.size;
  }
  return left <= 0 ? chosen : [...chosen, template];
}

function without(item: DeploymentItem, omitted: readonly Part[]): DeploymentItem {
  const rest = omitted.reduce((from, { keys, empty }) => replaced(from, keys, empty()) as DeploymentItem, item);
  const paths = omitted.map(({ path }) => path).sort();
  const annotations = { ...rest.metadata.annotations, [omittedAnnotation]: paths.join(',') };
  return { ...rest, metadata: { ...rest.metadata, annotations } };
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((from, key) => (from as Record<string, unknown> | null | undefined)?.[key], value);
}

/** @returns a copy with another value at the path; unchanged if the path ends at null */
function replaced(value: unknown, [key = '', ...rest]: readonly string[], replacement: unknown): unknown {
  if (value === null) return null;
  const from = value as Record<string, unknown>;
  return { ...from, [key]: rest.length === 0 ? replacement : replaced(from[key], rest, replacement) };
}
