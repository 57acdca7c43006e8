import type { MessageKey } from './language.ts';

/** An error that the console explains to the person with a text of its own. The values must not contain secrets. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  readonly key: MessageKey;
  readonly values: Readonly<Record<string, string | number>>;
  /** HTTP status of the response. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 429 | 503;

  constructor(
    key: MessageKey,
    values: Readonly<Record<string, string | number>> = {},
    status: ConsoleError['status'] = 403,
  ) {
    super(key);
    this.key = key;
    this.values = values;
    this.status = status;
  }
}
