import { rm } from 'node:fs/promises';
import { replaceFile } from '../files/replace-file.ts';

/** A file that exists while the token is valid, for probes and scripts that wait for the token. */
export interface ReadyFile {
  /** Creates or removes the file, if this differs from the last call. */
  set(isReady: boolean): Promise<void>;
}

/** @param file if unset, nothing is written */
export function createReadyFile(file: string | undefined): ReadyFile {
  let last: boolean | undefined;
  return {
    async set(isReady) {
      if (file === undefined || isReady === last) return;
      if (isReady) await replaceFile(file, 'ready\n', { mode: 0o644 });
      else await rm(file, { force: true });
      last = isReady;
    },
  };
}
