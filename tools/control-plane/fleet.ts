import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onlyOnce, onProcessEnd } from './clean-up.ts';
import { deathWrapper, type Program, startProgram } from './program.ts';

/** Programs that are stopped together, and their temporary folder. */
export interface Fleet {
  readonly directory: string;
  /** Aborted when the fleet is stopped. */
  readonly stopped: AbortSignal;
  /**
   * Starts a program that logs to NAME.log in the folder. Throws once the fleet is stopped.
   *
   * @param environment its environment variables, by default those of this process
   */
  start(name: string, path: string, args: readonly string[], environment?: NodeJS.ProcessEnv): Program;
  /** Registers a synchronous clean-up for the end of the fleet. */
  atEnd(cleanUp: () => void): void;
  /** Ends all programs and removes the folder. Can be called repeatedly. */
  stop(): Promise<void>;
}

/** Creates a fleet without programs. The fleet ends when this process ends. */
export async function createFleet(log: (line: string) => void): Promise<Fleet> {
  const wrapper = await deathWrapper();
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-operator-control-plane-'));
  const programs = new Set<Program>();
  const cleanUps: (() => void)[] = [];
  const stopping = new AbortController();

  // SIGKILL, because the data of the programs is discarded.
  const endNow = () => {
    stopping.abort();
    for (const program of programs) program.kill('SIGKILL');
    for (const cleanUp of cleanUps) cleanUp();
  };
  const removeGuard = onProcessEnd(() => {
    endNow();
    rmSync(directory, removal);
  });
  const stop = onlyOnce(async () => {
    endNow();
    await Promise.all([...programs].map((program) => program.ended));
    await rm(directory, removal);
    removeGuard();
  });
  const start: Fleet['start'] = (name, path, args, environment) => {
    stopping.signal.throwIfAborted();
    const logFile = join(directory, `${name}.log`);
    const program = startProgram({ name, path, arguments: args, logFile, wrapper, environment });
    programs.add(program);
    program.ended.then((how) => {
      programs.delete(program);
      if (!program.isStopping()) log(`${name} ended unexpectedly (${how})`);
    });
    return program;
  };
  return {
    directory,
    stopped: stopping.signal,
    start,
    atEnd: (cleanUp) => cleanUps.push(cleanUp),
    stop,
  };
}

/** With retries, because programs may still write files until they are killed. */
const removal = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;
