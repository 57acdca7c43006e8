/** Starts the programs of a GitOps tool outside the cluster. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Fleet } from '../control-plane/fleet.ts';
import type { Program } from '../control-plane/program.ts';
import { untilReady } from '../control-plane/readiness.ts';

/** A program of a GitOps tool. */
export interface Component {
  readonly name: string;
  /** Path of the program. */
  readonly path: string;
  readonly arguments: readonly string[];
  /** All of its environment variables. */
  readonly environment: NodeJS.ProcessEnv;
  /** Loopback port on which it listens once it is ready. */
  readonly port: number;
}

/**
 * Starts components one after the other, each when the previous ones listen.
 *
 * @throws Error if another process uses a port; StartError with the last lines of its log if a component ends or does not
 *   listen in time
 */
export async function startComponents(fleet: Fleet, components: readonly Component[]): Promise<void> {
  const started: Program[] = [];
  for (const { name, path, arguments: args, environment, port } of components) {
    if (await isListening(port)) throw new Error(`port ${port} of ${name} is in use by another process`);
    const program = fleet.start(name, path, args, environment);
    await untilReady(program, { isReady: () => isListening(port), dependencies: started, signal: fleet.stopped });
    started.push(program);
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
