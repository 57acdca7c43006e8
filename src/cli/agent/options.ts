import type { FileAttributes } from './atomic-file.ts';
import type { FileSource } from './credential-files.ts';
import type { Notification } from './notification.ts';

/** The validated options of an agent. */
export interface AgentOptions {
  readonly source: FileSource;
  /** The file that contains the token. */
  readonly tokenFile: string;
  readonly attributes: FileAttributes;
  /** A file that exists while the token in the file is valid. */
  readonly readyFile: string | undefined;
  /** What to do after a new token was written, in this order. */
  readonly notifications: readonly Notification[];
}
