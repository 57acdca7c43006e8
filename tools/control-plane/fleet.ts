import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onProcessEnd } from './process-guard.ts';
import { deathWrapper, type Program, startProgram } from './program.ts';

/** Programs that live and end together, and their temporary folder. */
export interface Fleet {
  readonly directory: string;
  /** Aborted when the fleet is stopped. */
  readonly stopped: AbortSignal;
  /** Starts a program that logs to NAME.log in the folder. Throws once the fleet is stopped. */
  start(name: string, path: string, programArguments: readonly string[]): Program;
  /** Has something done when the fleet ends, in whichever way; it must not wait for anything. */
  atEnd(cleanUp: () => void): void;
  /** Ends all programs and removes the folder. Safe to call twice. */
  stop(): Promise<void>;
}

/** Makes a fleet without programs. If this process ends, the fleet ends. */
export async function createFleet(log: (line: string) => void): Promise<Fleet> {
  const wrapper = await deathWrapper();
  const directory = await mkdtemp(join(tmpdir(), 'accesskey-operator-control-plane-'));
  const programs = new Set<Program>();
  const cleanUps: (() => void)[] = [];
  const stopping = new AbortController();

  // SIGKILL, because nothing that the programs could still save is of any use.
  const endNow = () => {
    stopping.abort();
    for (const program of programs) program.kill('SIGKILL');
    for (const cleanUp of cleanUps) cleanUp();
  };
  const removeGuard = onProcessEnd(() => {
    endNow();
    rmSync(directory, removal);
  });
  const stop = async () => {
    endNow();
    await Promise.all([...programs].map((program) => program.ended));
    await rm(directory, removal);
    removeGuard();
  };
  const start: Fleet['start'] = (name, path, programArguments) => {
    stopping.signal.throwIfAborted();
    const logFile = join(directory, `${name}.log`);
    const program = startProgram({ name, path, arguments: programArguments, logFile, wrapper });
    programs.add(program);
    program.ended.then((how) => {
      programs.delete(program);
      if (!program.isStopping()) log(`${name} ended unexpectedly (${how})`);
    });
    return program;
  };
  let stopped: Promise<void> | undefined;
  return {
    directory,
    stopped: stopping.signal,
    start,
    atEnd: (cleanUp) => cleanUps.push(cleanUp),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Tried again, because a program that is just being killed may still write a file. */
const removal = { recursive: true, force: true, maxRetries: 10, retryDelay: 50 } as const;
