import type { MessageKey } from './language.ts';

/** What the page refuses, with the message that says why. Nothing in the values is secret. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly key: MessageKey;
  readonly values: Readonly<Record<string, string | number>>;
  /** HTTP status of the answer. */
  readonly status: 400 | 403 | 404 | 409 | 429 | 503;

  constructor(
    key: MessageKey,
    values: Readonly<Record<string, string | number>> = {},
    status: RefusedError['status'] = 403,
  ) {
    super(key);
    this.key = key;
    this.values = values;
    this.status = status;
  }
}
