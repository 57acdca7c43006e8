/** Whether the fault tests run for hours (`npm run test:faults:long`) instead of minutes. */
export const isSoak = process.env.SOAK === '1';

/** FAULT_SEQUENCES and FAULT_COMMANDS extend the random sequences alone. */
const bounded = {
  accessKeys: 60,
  kills: 8,
  restarts: 1,
  sequences: Number(process.env.FAULT_SEQUENCES ?? 6),
  leaderKills: 3,
  pauses: 1,
  commands: Number(process.env.FAULT_COMMANDS ?? 14),
};
const soak = { accessKeys: 500, kills: 100, restarts: 5, sequences: 200, leaderKills: 20, pauses: 10, commands: 25 };

export const sizes = isSoak ? soak : bounded;

/** The longest time without progress towards a settled cluster, milliseconds. It only keeps a test from hanging. */
export const timeoutMs = isSoak ? 300_000 : 180_000;
/** Timeout of one test, milliseconds. The changes of a test take a minute on an idle machine, and ten on a busy one. */
export const testMs = isSoak || process.env.FAULT_SEQUENCES ? 6 * 3_600_000 : 900_000;

/** Every test prints its seed; FAULT_SEED repeats a run. */
export const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 1e9));

/** Prints the numbers of a run in one line. */
export function printResult(test: string, numbers: object): void {
  process.stdout.write(`faults: ${test}: ${JSON.stringify(numbers)}\n`);
}
