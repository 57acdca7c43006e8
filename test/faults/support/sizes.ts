/** How much the fault tests do: bounded in `npm test`, more with SOAK=1 (`npm run test:soak`). */
export const isSoak = process.env.SOAK === '1';

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

/** How long anything may take to settle, milliseconds: a bound against hanging, nothing is asserted about it. */
export const patienceMs = isSoak ? 300_000 : 90_000;
/** Bound of one test, milliseconds. */
export const testMs = isSoak ? 6 * 3_600_000 : 300_000;

/** The seed of a run: FAULT_SEED to see a run again, otherwise a new one. Every test prints it. */
export const seed = Number(process.env.FAULT_SEED ?? Math.floor(Math.random() * 1e9));

/** Tells the numbers of a run in one line, to be quoted. */
export function tell(what: string, numbers: object): void {
  process.stdout.write(`faults: ${what}: ${JSON.stringify(numbers)}\n`);
}
