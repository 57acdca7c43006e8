import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StartOptions } from '../../tools/operator-process.ts';

/**
 * Starts a process under a wall clock that a test shifts: preloaded (`node --import`), it reads the shift, in seconds,
 * from the file that ACCESSKEY_TEST_CLOCK names, anew each time someone asks what time it is. Timers and the monotonic
 * clock go on as they are, as when a machine's clock is set.
 */
const variable = 'ACCESSKEY_TEST_CLOCK';

/** Options for a process under a shifted clock; `shift` sets it, also while the process runs. */
export function shiftedClock(file: string): { options: StartOptions; shift(seconds: number): void } {
  // Renamed into its place: who reads while it is written would find nothing, and the clock would jump back.
  const shift = (seconds: number) => {
    writeFileSync(`${file}.new`, String(seconds));
    renameSync(`${file}.new`, file);
  };
  shift(0);
  return {
    shift,
    options: { nodeArguments: ['--import', fileURLToPath(import.meta.url)], environment: { [variable]: file } },
  };
}

const file = process.env[variable];
if (file !== undefined) {
  const RealDate = Date;
  const shifted = () => RealDate.now() + Number(readFileSync(file, 'utf8')) * 1000;
  globalThis.Date = class extends RealDate {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [shifted()] : args) as [number]));
    }
    static override now(): number {
      return shifted();
    }
  } as DateConstructor;
}
