import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StartOptions } from '../../tools/operator-process.ts';

/**
 * Runs a process with a wall clock that a test can shift. Preloaded with `node --import`, this module reads the shift in
 * seconds from the file in ACCESSKEY_TEST_CLOCK whenever the time is read. Timers and the monotonic clock are not changed,
 * as when the clock of a machine is set.
 */
const variable = 'ACCESSKEY_TEST_CLOCK';

/** @returns options for a process with a shifted clock; `shift` sets it, also while the process runs */
export function shiftedClock(file: string): { options: StartOptions; shift(seconds: number): void } {
  // Replaced atomically: a reader of a partly written file would see the clock jump back.
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
