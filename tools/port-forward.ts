import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { deathWrapper } from './control-plane/program.ts';
import type { Kubectl } from './kubectl.ts';

/** A `kubectl port-forward` to a Service. */
export interface PortForward {
  /** URL on this machine. */
  readonly url: string;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  stop(): void;
}

/**
 * Forwards a free local port to port 80 of a Service.
 *
 * @throws Error if kubectl ends before it listens
 */
export async function openPortForward(kubectl: Kubectl, namespace: string, service: string): Promise<PortForward> {
  const args = ['--kubeconfig', kubectl.kubeconfig, 'port-forward', '-n', namespace, `service/${service}`, ':80'];
  const [command = '', ...rest] = [...(await deathWrapper()), kubectl.path, ...args];
  const forward = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(forward, 'exit').then(() => undefined);
  const [line] = await Promise.race([once(createInterface(forward.stdout), 'line'), ended.then(() => [''])]);
  const [, port] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
  const stop = () => void forward.kill();
  if (port === undefined) {
    stop();
    throw new Error(`kubectl port-forward did not start: ${line}`);
  }
  return { url: `http://127.0.0.1:${port}`, ended, stop };
}
