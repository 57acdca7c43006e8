/** A selector that is none. The message names the place and the rule, and repeats nothing of the selector. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';

  /** @param at index of the character, from 0 */
  constructor(at: number, rule: string) {
    super(`at character ${at + 1}: ${rule}`);
  }
}

/** So many requirements make one selector; each is checked against every object. The API server knows no bound. */
export const maxRequirements = 100;
