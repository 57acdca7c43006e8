/** The annotation that names the labels and annotations of a Secret which come from the spec. Pure. */

export interface TemplateNames {
  labels: readonly string[];
  annotations: readonly string[];
}

/** @returns the names in the annotation; none if it is not one that the operator writes. Never throws */
export function parseTemplateNames(annotation: string | undefined): TemplateNames {
  if (annotation === undefined) return { labels: [], annotations: [] };
  try {
    const value = JSON.parse(annotation) as Record<string, unknown> | null;
    return { labels: textsIn(value?.labels), annotations: textsIn(value?.annotations) };
  } catch {
    return { labels: [], annotations: [] };
  }
}

function textsIn(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}
