import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePorts } from '../tools/control-plane/ports.ts';
import { poll } from '../tools/poll.ts';

const mainFile = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** To fill the caches from a large cluster takes its time. */
const patienceMs = 300_000;

/** An operator that answers, with its log in a file: to read the lines here would take from what is measured. */
export interface Served {
  port: number;
  metrics(): Promise<OperatorMetrics>;
  stop(): Promise<void>;
}

export interface OperatorMetrics {
  /** CPU time of the process so far, all threads, seconds. */
  cpuSeconds: number;
  /** Event-loop delay since it was asked for last, milliseconds. Node measures it by a timer of 10 ms, which is in it. */
  eventLoop: { mean: number; p99: number; max: number };
  /** Bytes: what the process holds, and what of it is JavaScript's objects, those that nobody needs any more too. */
  memory: { resident: number; heap: number };
}

export interface ServedOptions {
  kubeconfig: string;
  /** For the configuration and the log. */
  directory: string;
  /** Arguments of node itself. */
  nodeArguments: readonly string[];
  /** PEM files for HTTPS; without them, plain HTTP. */
  tls?: { certificateFile: string; keyFile: string };
}

/** Starts an operator and waits until it is ready. Failed attempts are not throttled, so that 401s can be measured. */
export async function serveOperator({ kubeconfig, directory, nodeArguments, tls }: ServedOptions): Promise<Served> {
  const [port = 0, health = 0] = await freePorts(2);
  const config = join(directory, 'config.yaml');
  await writeFile(config, configurationFile(port, health, tls));
  const log = await open(join(directory, 'operator.log'), 'w');
  const args = [...nodeArguments, mainFile, '--kubeconfig', kubeconfig, '--config', config];
  const child = spawn(process.execPath, args, { stdio: ['ignore', log.fd, 'inherit'] });
  const healthUrl = `http://127.0.0.1:${health}`;
  await poll('the operator to be ready', async () => (await fetch(`${healthUrl}/readyz`)).ok, patienceMs);
  return {
    port,
    metrics: async () => readMetrics(await (await fetch(`${healthUrl}/metrics`)).text()),
    stop: () => end(child).finally(() => log.close()),
  };
}

function configurationFile(port: number, health: number, tls: ServedOptions['tls']): string {
  const address = '127.0.0.1';
  return stringify({
    ...{ apiVersion: 'config.ghippo.io/v1alpha1', kind: 'OperatorConfiguration' },
    http: { address, port, ...(tls ? { tls } : { plain: true }) },
    health: { address, port: health },
    token: { failureThrottle: { burst: 1_000_000, refillSeconds: 0.001 } },
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

function readMetrics(text: string): OperatorMetrics {
  const read = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  const delay = (name: string) => read(`nodejs_eventloop_lag_${name}_seconds`) * 1000;
  return {
    cpuSeconds: read('process_cpu_seconds_total'),
    eventLoop: { mean: delay('mean'), p99: delay('p99'), max: delay('max') },
    memory: { resident: read('process_resident_memory_bytes'), heap: read('nodejs_heap_size_used_bytes') },
  };
}
