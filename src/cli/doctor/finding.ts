/** The result of one check of an installation. */
export interface Finding {
  /** What was checked, two or three words. */
  readonly check: string;
  /** `skipped`: the check was not possible, which is no failure. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  /** What to do. */
  readonly advice?: string;
}

/** Something that was read, or why it could not be. */
export type Fact<T> =
  | { readonly value: T }
  | { readonly missing: 'notFound' | 'forbidden' | 'unavailable' | 'notRequested'; readonly reason: string };

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message };
}

export function warning(check: string, message: string, advice: string): Finding {
  return { check, status: 'warning', message, advice };
}

export function failed(check: string, message: string, advice: string): Finding {
  return { check, status: 'failed', message, advice };
}

export function skipped(check: string, message: string, advice?: string): Finding {
  return { check, status: 'skipped', message, ...(advice !== undefined && { advice }) };
}

/** Names in a sentence; long lists are cut off. */
export function listed(names: readonly string[], limit = 5): string {
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}
